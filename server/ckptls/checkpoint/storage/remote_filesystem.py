"""What is at an address: the part of `filesystem` that speaks to other machines.

Each question costs a request, and locating one checkpoint asks many, some of them twice.
Within `cached_listing` an answer is remembered; outside, every question is asked again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from ckptls.checkpoint.core.errors import CheckpointNotFound
from ckptls.checkpoint.core.types import FileStamp
from ckptls.checkpoint.storage import urls
from ckptls.checkpoint.storage.backend import Status, System
from ckptls.checkpoint.storage.backends import forget, system_of
from ckptls.checkpoint.storage.remote_errors import CheckpointRefused, translate_error

_INDEX_SUFFIX = ".index"
# What makes a directory of a web server one, where the server lists nothing.
_MARKS = ("checkpoint", "saved_model.pb")
_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class _RequestCache:
    """What was seen since a search began; `refusal` is the first that we were not shown."""

    statuses: dict[str, Status | None] = field(default_factory=dict)
    names: dict[str, dict[str, bool]] = field(default_factory=dict)
    refusal: CheckpointRefused | None = None


class _Here(threading.local):
    glance: _RequestCache | None = None


_here = _Here()


@contextmanager
def cached_listing() -> Iterator[None]:
    """Ask for nothing twice until the end of the `with` statement.

    A server that refuses may have what is asked for, or not. Where nothing is found in the
    end, the refusal is reported.
    """
    if _here.glance is not None:
        yield
        return
    glance = _here.glance = _RequestCache()
    try:
        yield
    except CheckpointNotFound:
        if glance.refusal is None:
            raise
        raise glance.refusal from None
    finally:
        _here.glance = None


def status(url: str, *, is_fresh: bool = False) -> Status | None:
    """What is at an address; None if nothing, or nothing that we are shown.

    Raises:
        CheckpointUnreachable: the server does not answer, or a library is missing;
            outside of `cached_listing` also if it refuses.
    """
    glance = None if is_fresh else _here.glance
    if glance is None:
        return ask(url, lambda system: system.status(url))
    if url not in glance.statuses:
        try:
            glance.statuses[url] = ask(url, lambda system: system.status(url))
        except CheckpointRefused as error:
            glance.refusal = glance.refusal or error
            glance.statuses[url] = None
    return glance.statuses[url]


def ask(url: str, question: Callable[[System], _Answer]) -> _Answer:
    """The answer of the file system that an address is in; its errors are ours.

    Raises:
        CheckpointError: whatever the library raised, in our words.
    """
    try:
        return question(system_of(url))
    except Exception as error:  # noqa: BLE001  each library has exceptions of its own
        ours = translate_error(error, url)
        ours.named(url)
    if isinstance(ours, CheckpointRefused):
        forget(url)  # its credentials may be others when it is asked again
    raise ours from None


def is_file(url: str) -> bool:
    """Whether there is a file at an address."""
    url = urls.without_credentials(url)
    found = None if url.endswith("/") else status(url)
    return found is not None and not found.is_directory


def is_directory(url: str) -> bool:
    """Whether an address is a directory: on a web server, whether it looks like one."""
    url = urls.without_credentials(url)
    if not _is_web(url):
        found = status(url.rstrip("/") if urls.parts(url)[1].strip("/") else url)
        return found is not None and found.is_directory
    if not url.endswith("/") and (is_file(url + _INDEX_SUFFIX) or is_file(url)):
        return False
    return bool(_names(url)) or any(is_file(urls.join(url, name)) for name in _MARKS)


def can_be_listed(url: str) -> bool:
    """Whether the names in a directory can be had."""
    url = urls.without_credentials(url)
    return not _is_web(url) or bool(_names(url))


def file_names(url: str) -> list[str]:
    """Base names of the files in a directory; empty if it cannot be listed."""
    return [
        name
        for name, is_directory in _names(urls.without_credentials(url)).items()
        if not is_directory
    ]


def directory_names(url: str) -> list[str]:
    """Base names of the directories in a directory; empty if it cannot be listed."""
    return [
        name for name, is_directory in _names(urls.without_credentials(url)).items() if is_directory
    ]


def stamp_of(url: str) -> FileStamp | None:
    """(address, mtime in ns, size, number of its version) of a file, None if there is none."""
    url = urls.without_credentials(url)
    found = status(url)
    return None if found is None or found.is_directory else stamp(url, found)


def stamp(url: str, found: Status) -> FileStamp:
    """The stamp that a status makes."""
    return url, found.mtime_ns, found.size or 0, found.version_number


def _names(url: str) -> dict[str, bool]:
    glance = _here.glance
    if glance is not None and url in glance.names:
        return glance.names[url]
    try:
        names = ask(url, lambda system: system.names(url))
    except (CheckpointNotFound, CheckpointRefused):
        names = {}
    if glance is not None:
        glance.names[url] = names
    return names


def _is_web(url: str) -> bool:
    return urls.scheme_of(url) in ("http", "https")
