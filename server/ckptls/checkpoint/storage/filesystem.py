"""The one door to file systems: what is at a path, and opening a file of a checkpoint.

Only regular files are opened, and read by read(), never by mmap. A file can be replaced or
rewritten at any moment by the training that makes it, so its stamp before reading is held
against its stamp after.

A path with a scheme (`s3://bucket/run`) is on another machine, and for `remote`, which is
loaded when the first of them is met. `join`, `split` and `absolute` take both kinds; for
those of os.path an address is no path.
"""

# os.path, not pathlib, here and in `locate`: a prefix is text to TensorFlow, and importing
# pathlib would be a tenth of the time that `ckptls ls` takes.

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from itertools import islice

from ckptls.checkpoint.core.errors import (
    CheckpointError,
    CheckpointForeign,
)
from ckptls.checkpoint.core.types import FileStamp
from ckptls.checkpoint.storage import foreign_files
from ckptls.checkpoint.storage.local_file import OpenFile, os_error, stamp_from_status
from ckptls.checkpoint.storage.open_regular import special_kind

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    _T = TypeVar("_T")

# Entries of one directory that are looked at: a second's work, and some 100 MB of names.
MAX_ENTRIES = 1_000_000

# `urls` and `remote` are imported where an address is met: what is on this disk goes without.


def is_remote(path: str) -> bool:
    """Whether a path is an address of another file system; `file:` is this one's."""
    if "://" not in path:
        return False
    from ckptls.checkpoint.storage import urls

    return urls.is_url(path) and urls.local_path(path) is None


def plain(path: str) -> str:
    """A path as the other functions here want it: no `file:`, and no secrets in an address."""
    if "://" not in path:
        return path
    from ckptls.checkpoint.storage import urls

    return urls.local_path(path) or urls.without_credentials(path)


def plain_if_local(path: str) -> str:
    """The path of a `file:` address; any other path as it is."""
    if "://" not in path:
        return path
    from ckptls.checkpoint.storage import urls

    return urls.local_path(path) or path


def is_chained(path: str) -> bool:
    """Whether an address leads through several file systems (`simplecache::s3://b/k`)."""
    if "::" not in path:
        return False
    from ckptls.checkpoint.storage import urls

    return urls.is_chained(path)


def shown(path: str) -> str:
    """A path for people and logs: without the password or the signature of an address."""
    if "://" not in path:
        return path
    from ckptls.checkpoint.storage import urls

    return urls.redacted(path)


def join(directory: str, *names: str) -> str:
    """As os.path.join, for addresses too."""
    if not any("://" in path for path in (directory, *names)):
        return os.path.join(directory, *names)
    from ckptls.checkpoint.storage import urls

    return urls.join(directory, *names)


def split(path: str) -> tuple[str, str]:
    """As os.path.split, for addresses too; (`s3://bucket`, "") is the top of one."""
    if not is_remote(path):
        return os.path.split(path)
    from ckptls.checkpoint.storage import urls

    return urls.split(path)


def absolute(path: str) -> str:
    """As os.path.abspath; an address is absolute, and only loses its dots."""
    if not is_remote(path):
        return os.path.abspath(path)
    from ckptls.checkpoint.storage import urls

    return urls.normal(path)


def stamp_of(path: str) -> FileStamp | None:
    """(path, mtime in ns, size, inode) of a file, None if there is none.

    For an address the last is a number made of its version, 0 where that is not known.
    """
    if is_remote(path):
        from ckptls.checkpoint.storage import remote_filesystem

        return remote_filesystem.stamp_of(path)
    try:
        return stamp_from_status(path, os.stat(path))
    except (OSError, ValueError):
        return None


def is_versioned(stamp: FileStamp) -> bool:
    """Whether an equal stamp means an unchanged file; some web servers tell only a size."""
    return bool(stamp[3]) or not is_remote(stamp[0])


def is_file(path: str) -> bool:
    """Whether there is a regular file at `path`, links followed."""
    if is_remote(path):
        from ckptls.checkpoint.storage import remote_filesystem

        return remote_filesystem.is_file(path)
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def is_directory(path: str) -> bool:
    """Whether there is a directory at `path`, links followed."""
    if is_remote(path):
        from ckptls.checkpoint.storage import remote_filesystem

        return remote_filesystem.is_directory(path)
    return os.path.isdir(path)


def exists(path: str) -> bool:
    """Whether there is anything at `path`, a link to nowhere included."""
    if is_remote(path):
        return is_file(path) or is_directory(path)
    return os.path.lexists(path)


def is_inside(path: str, directory: str) -> bool:
    """Whether `path`, links followed, lies below `directory`."""
    if is_remote(path) or is_remote(directory):
        from ckptls.checkpoint.storage import urls

        return urls.is_below(path, directory)
    root = os.path.realpath(directory)
    real = os.path.realpath(path)
    return real.startswith(os.path.join(root, ""))


def can_be_listed(directory: str) -> bool:
    """Whether `file_names` would know what is in a directory; a web server rarely tells."""
    if not is_remote(directory):
        return True
    from ckptls.checkpoint.storage import remote_filesystem

    return remote_filesystem.can_be_listed(directory)


def file_names(directory: str) -> list[str]:
    """Base names of the files in `directory`; empty if it cannot be listed.

    Of a directory with over a million entries (`is_cut`) those that the system lists first.
    """
    if is_remote(directory):
        from ckptls.checkpoint.storage import remote_filesystem

        return remote_filesystem.file_names(directory)
    return _names(directory, os.DirEntry.is_file)


def directory_names(directory: str) -> list[str]:
    """Base names of the directories in `directory`; empty if it cannot be listed.

    Of a directory with over a million entries (`is_cut`) those that the system lists first.
    """
    if is_remote(directory):
        from ckptls.checkpoint.storage import remote_filesystem

        return remote_filesystem.directory_names(directory)
    return _names(directory, os.DirEntry.is_dir)


def _names(directory: str, is_wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    """Base names of the entries of a directory of this machine that are wanted."""
    try:
        with os.scandir(directory or ".") as items:
            return [item.name for item in islice(items, MAX_ENTRIES) if is_wanted(item)]
    except (OSError, ValueError):
        return []


def is_cut(directory: str) -> bool:
    """Whether a directory has more entries than are looked at, so that not all names are known."""
    if is_remote(directory):
        return False
    try:
        with os.scandir(directory or ".") as entries:
            return next(islice(entries, MAX_ENTRIES, None), None) is not None
    except (OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a directory, links followed.

    `size` is in bytes and `mtime_ns` in nanoseconds; both are None on other machines, which
    tell no more than names at one go.
    """

    name: str
    is_directory: bool
    size: int | None
    mtime_ns: int | None


def items(directory: str) -> list[Item]:
    """The files and directories in `directory`, found at one go.

    Of a directory with over a million entries (`is_cut`) those that the system lists first.

    Raises:
        CheckpointNotFound: there is no such directory.
        CheckpointUnreadable: the system refuses, or it is no directory.
    """
    if is_remote(directory):
        from ckptls.checkpoint.storage import remote_filesystem

        found = [Item(name, False, None, None) for name in remote_filesystem.file_names(directory)]
        return found + [
            Item(name, True, None, None) for name in remote_filesystem.directory_names(directory)
        ]
    try:
        with os.scandir(directory or ".") as entries:
            several = islice(entries, MAX_ENTRIES)
            return [item for entry in several if (item := _item(entry)) is not None]
    except OSError as error:
        raise os_error(directory, error) from error


def _item(entry: os.DirEntry[str]) -> Item | None:
    """None for what is gone, a link to nowhere, or neither file nor directory."""
    try:
        status = entry.stat()
    except OSError:
        return None
    kind = stat.S_IFMT(status.st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFDIR):
        return None
    return Item(entry.name, kind == stat.S_IFDIR, status.st_size, status.st_mtime_ns)


def irregular_kind(path: str) -> str:
    """What is at a path that is not a regular file: `a directory`, `a named pipe`; empty for a
    file, for nothing, and on other machines."""
    if is_remote(path):
        return ""
    return "a directory" if os.path.isdir(path) else special_kind(path)


def irregular_names(directory: str) -> list[str]:
    """Base names of what is not a regular file in `directory`, sorted; empty if it cannot be
    listed."""
    if is_remote(directory):
        return []
    try:
        with os.scandir(directory or ".") as entries:
            several = islice(entries, MAX_ENTRIES)
            return sorted(entry.name for entry in several if not entry.is_file())
    except (OSError, ValueError):
        return []


def refusal(path: str) -> str:
    """Why the system does not say what is at `path`, in its words; empty if it does say.

    That nothing is there, or a file where a directory would have to be, is an answer.
    """
    if is_remote(path):
        return ""
    try:
        os.stat(path or ".")
        if os.path.isdir(path or "."):
            os.scandir(path or ".").close()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return ""
    except OSError as error:
        return error.strerror or str(error)
    return ""


def link_target(path: str) -> str:
    """Where a link at `path` points that leads to nothing; empty if it is no such link."""
    if is_remote(path) or not os.path.islink(path) or os.path.exists(path):
        return ""
    return os.readlink(path)


def open_file(path: str) -> OpenFile:
    """The file at `path`, open for reading; see `OpenFile` for what it raises."""
    if is_remote(path):
        from ckptls.checkpoint.storage.remote_file import RemoteFile

        return RemoteFile(path)
    file = OpenFile(path)
    if file.size < foreign_files.POINTER_BYTES:
        _refuse_pointer(file)
    return file


def _refuse_pointer(file: OpenFile) -> None:
    """Raise an error for what stands for a file that Git LFS has not fetched, whatever its name."""
    try:
        if (
            file.read_at(0, min(file.size, len(foreign_files.POINTER_MARK)))
            != foreign_files.POINTER_MARK
        ):
            return
    except CheckpointError:
        return  # its reader meets the same
    file.close()
    what = f"it is {foreign_files.POINTER_NAME}"
    raise CheckpointForeign(what, file.path, hint=foreign_files.POINTER_HINT)
