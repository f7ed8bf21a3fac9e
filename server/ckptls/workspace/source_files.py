"""Files of code as they lie on the disk: read, and written back with little changed."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from ckptls.source.notebooks.notebook import Notebook, NotebookError, read_notebook
from ckptls.source.notebooks.notebook_file import CellEdit, NotebookFile
from ckptls.workspace.safe_open import TooLargeError, read_regular, read_start, regular_opener

NOTEBOOK = ".ipynb"
_CHANGED = "was changed in the meantime and is not modified"
# A notebook holds what its cells printed; a module of this size is data, or generated.
_MAX_BYTES = {NOTEBOOK: 100_000_000}
_MAX_MODULE_BYTES = 20_000_000
# PEP 263: in a comment of the first two lines.
_CODING = re.compile(
    rb"\A(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
)


class SourceError(Exception):
    """A file that cannot be checked or changed; the text is a sentence about it."""


class Edit(NamedTuple):
    """`new` is to stand for the code points from `start` to `end` of the program."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class SourceFile:
    """A file of code: a module, or a notebook as one program.

    data: the bytes of the file; text: what they say; encoding: how they say it.
    """

    path: Path
    data: bytes
    text: str
    encoding: str
    notebook: Notebook | None = None

    @property
    def program(self) -> str:
        """The Python text that is checked."""
        return self.text if self.notebook is None else self.notebook.text

    @cached_property
    def notebook_file(self) -> NotebookFile:
        """Where the cells stand in the file."""
        return NotebookFile(self.text)

    def apply_edits(self, edits: Iterable[Edit]) -> SourceFile:
        """The file after edits of the program that do not overlap.

        Raises: SourceError.
        """
        ordered = sorted(edits, reverse=True)
        text = self._edited_cells(ordered) if self.notebook is not None else self.text
        for start, end, new in ordered if self.notebook is None else ():
            text = text[:start] + new + text[end:]
        try:
            mark = codecs.BOM_UTF8 if self.encoding == "utf-8-sig" else b""
            data = mark + text.encode("utf-8" if mark else self.encoding, "surrogatepass")
        except UnicodeEncodeError as error:
            character = text[error.start]
            raise SourceError(f"`{character}` cannot be written in {self.encoding}") from error
        changed = source_file(self.path, data)
        if self.notebook is not None and not self._has_become(changed, ordered):
            raise SourceError("its cells could not be located in the file")
        return changed

    def _edited_cells(self, edits: Iterable[Edit]) -> str:
        return self.notebook_file.edited(self._in_cells(edits))

    def _in_cells(self, edits: Iterable[Edit]) -> list[CellEdit]:
        assert self.notebook is not None
        found = []
        for edit in edits:
            place = self.notebook.place(edit.start)
            if place is not None:
                cell, offset = place
                found.append(CellEdit(cell.index, offset, offset + edit.end - edit.start, edit.new))
        return found

    def _has_become(self, changed: SourceFile, edits: Iterable[Edit]) -> bool:
        assert self.notebook is not None and changed.notebook is not None
        cells = {cell.index: cell.source for cell in self.notebook.cells}
        for index, start, end, new in self._in_cells(edits):
            cells[index] = cells[index][:start] + new + cells[index][end:]
        return cells == {cell.index: cell.source for cell in changed.notebook.cells}


def source_file(path: Path, data: bytes) -> SourceFile:
    """What the bytes of a file say.

    Raises: SourceError if it is a notebook that cannot be read.
    """
    if path.suffix != NOTEBOOK:
        text, encoding = _decode(data)
        return SourceFile(path, data, text, encoding)
    try:
        notebook = read_notebook(data)
    except NotebookError as error:
        raise SourceError(f"is not a valid notebook: {error}") from error
    encoding = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    return SourceFile(path, data, data.decode(encoding), encoding, notebook)


def read_source(path: Path) -> tuple[bytes, bool]:
    """The bytes of a file of code, and whether that is all of it: larger ones are cut off.

    Raises: OSError if it cannot be read, `NotRegularError` if it is no regular file.
    """
    limit = _MAX_BYTES.get(path.suffix, _MAX_MODULE_BYTES)
    data = read_start(path, limit + 1)
    return data[:limit], len(data) <= limit


def write_source(before: SourceFile, after: SourceFile, root: Path) -> None:
    """Puts a changed file in its place; its links, owner, mode and extended attributes stay.

    The file is replaced in one step where that keeps all of them. A file with several names, one
    of another owner and one in a directory that is read-only is overwritten instead.

    Raises: SourceError if the file is read-only or a link to outside of `root`, is not as it was
    read any more, or cannot be written. Its content is then what it was.
    """
    place = Path(os.path.realpath(before.path))
    if not place.is_relative_to(os.path.realpath(root)):
        raise SourceError(f"is a link to `{place}`, outside `{root}`, and is not modified")
    try:
        stat = place.stat()
        if not stat.st_mode & 0o222 or not os.access(place, os.W_OK):
            raise SourceError("is read-only and is not modified")
        if stat.st_nlink > 1 or not _replace(place, before.data, after.data, stat):
            _overwrite(place, before.data, after.data)
    except TooLargeError:
        raise SourceError(_CHANGED) from None
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror}") from error


def _replace(place: Path, old: bytes, new: bytes, stat: os.stat_result) -> bool:
    """Writes a new file and moves it to the place; False, with nothing changed, if the new file
    cannot be made like the old one."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    except PermissionError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        if not _make_alike(place, name, stat):
            os.unlink(name)
            return False
        if read_regular(place, len(old)) != old:
            raise SourceError(_CHANGED)
        os.replace(name, place)
    except BaseException:
        os.unlink(name)
        raise
    return True


def _make_alike(place: Path, copy: str, stat: os.stat_result) -> bool:
    """Gives a new file the owner, mode and extended attributes of another; whether it has them."""
    try:
        if hasattr(os, "chown"):
            made = os.stat(copy)
            if (made.st_uid, made.st_gid) != (stat.st_uid, stat.st_gid):
                os.chown(copy, stat.st_uid, stat.st_gid)
        shutil.copystat(place, copy)
        os.utime(copy)
        return _attributes(copy) == _attributes(place)
    except OSError:
        return False


def _attributes(path: str | Path) -> dict[str, bytes]:
    if not hasattr(os, "listxattr"):
        return {}
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


def _overwrite(place: Path, old: bytes, new: bytes) -> None:
    """Writes over the content of a file, which is restored if that fails."""
    # Unbuffered: what a failed write leaves in a buffer would be written again later.
    with open(place, "r+b", buffering=0, opener=regular_opener) as file:
        if file.read(len(old) + 1) != old:
            raise SourceError(_CHANGED)
        try:
            _write_from_start(file, new)
        except OSError:
            _write_from_start(file, old)
            raise


def _write_from_start(file: FileIO, data: bytes) -> None:
    file.seek(0)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    file.truncate()
    os.fsync(file.fileno())


def _decode(data: bytes) -> tuple[str, str]:
    """The text and its encoding: a byte order mark's, the file's own word, UTF-8, or Latin-1."""
    if data.startswith(codecs.BOM_UTF8):
        wanted = ["utf-8-sig"]
    else:
        named = _CODING.match(data)
        wanted = [named[1].decode("ascii", "replace")] if named is not None else []
    for encoding in (*wanted, "utf-8"):
        try:
            text = data.decode(encoding)
            # Some codecs do not lead back to the same bytes, and a fix would change them all.
            is_kept = encoding == "utf-8" or text.encode(encoding) == data
        except (LookupError, ValueError, AssertionError):
            continue
        if is_kept:
            return text, encoding
    return data.decode("latin-1"), "latin-1"
