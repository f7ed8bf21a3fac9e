"""A file of unknown format, as the functions that recognize formats see it."""

from __future__ import annotations

from ckptls.checkpoint.storage.local_file import OpenFile

HEAD_BYTES = 512
ZIP_MAGIC = b"PK\x03\x04"


class FileStart:
    """An open file and its first bytes; the members of an archive are read once for all formats.

    Attributes:
        file: the open file.
        path: its path.
        head: its first 512 bytes, fewer if it is shorter.
    """

    def __init__(self, file: OpenFile) -> None:
        self.file = file
        self.path = file.path
        self.head = file.read_at(0, min(file.size, HEAD_BYTES))
        self._members: frozenset[str] | None = None

    @property
    def is_zip(self) -> bool:
        """Whether it begins as a zip archive with members."""
        return self.head.startswith(ZIP_MAGIC)

    @property
    def members(self) -> frozenset[str]:
        """The names in a zip archive; empty for other files.

        Raises:
            CheckpointDamaged: it begins as an archive and is not a valid one.
        """
        if self._members is None:
            self._members = self._read_members() if self.is_zip else frozenset()
        return self._members

    def _read_members(self) -> frozenset[str]:
        from ckptls.checkpoint.storage.zip_archive import Archive

        with Archive(self.file) as archive:
            return frozenset(archive.names)
