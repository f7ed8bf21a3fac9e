"""What can go wrong while a checkpoint is located or read.

    CheckpointError               anything below; catch this one
      CheckpointNotFound          nothing at that path; `candidates` says what is there
        VariableNotFound          the checkpoint is there, without a variable of that name
      CheckpointAmbiguous         several checkpoints are meant; `candidates` lists them
      CheckpointDamaged           corrupt bytes; `where` is the byte offset
        CheckpointIncomplete      without its end: cut off, or being written this moment
      CheckpointUnsupported       sound, but of a kind or a version that is not read
        CheckpointTooLarge        beyond a limit of this reader, and perhaps sound
        CheckpointForeign         a file without weights: a web page, an archive, a Git LFS pointer
      CheckpointUnreadable        the system refuses: permissions, a device, a directory
        CheckpointUnreachable     another machine does not answer, or refuses us

No other exception leaves the reader for any content of a file.
"""

# ruff: noqa: N818

from __future__ import annotations


class CheckpointError(Exception):
    """A checkpoint cannot be located or read; `str()` is one sentence for a person.

    Attributes:
        code: the kind of error, as the code of the `Problem` that `verify` makes of it.
        path: the file, or the path as it was given.
        what: what is wrong, without the path.
        where: byte offset in the file, or None if the fault has no one place.
        hint: what to do about it, or an empty string.
    """

    code = "error"

    def __init__(self, what: str, path: str = "", where: int | None = None, hint: str = "") -> None:
        super().__init__(what, path, where, hint)
        self.what = what
        self.path = path
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = "" if self.where is None else f" (at byte {self.where:,})"
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self._subject()}{self.what}{place}{hint}"

    def _subject(self) -> str:
        return f"{self.path}: " if self.path else ""

    def named(self, path: str) -> CheckpointError:
        """This error with `path` filled in, unless a deeper one has named its file."""
        self.path = self.path or path
        return self


class CheckpointDamaged(CheckpointError):
    """The bytes are not what the format demands: corrupt, truncated or crafted."""

    code = "damaged"


class CheckpointIncomplete(CheckpointDamaged):
    """The end is missing, or the file changed under the reader; a second look may succeed."""

    code = "incomplete"


class CheckpointUnsupported(CheckpointError):
    """A sound file of another kind, or of a version that came after this reader."""

    code = "unsupported"


class CheckpointTooLarge(CheckpointUnsupported):
    """Beyond a limit of this reader, which keeps it from taking too long or too much memory.

    It says nothing about the checkpoint: another library may read it.
    """

    code = "too-large"


class CheckpointForeign(CheckpointUnsupported):
    """A file in the place of weights that no library reads weights from."""

    code = "foreign"


class CheckpointUnreadable(CheckpointError):
    """The operating system does not let us read it, or it is not a regular file."""

    code = "unreadable"


class CheckpointUnreachable(CheckpointUnreadable):
    """Another machine does not answer or refuses us, or a library to ask it with is missing.

    It says nothing about the checkpoint: that may well be there and sound.
    """

    code = "unreachable"


class _CheckpointChoice(CheckpointError):
    """An error about a path, whose sentence names the path by itself."""

    def __init__(
        self, what: str, path: str = "", hint: str = "", candidates: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, path, None, hint)
        self.args = (what, path, hint, candidates)
        self.candidates = candidates

    def _subject(self) -> str:
        return ""


class CheckpointNotFound(_CheckpointChoice):
    """There is no checkpoint at the path; `candidates` are prefixes near it, best first."""

    code = "not-found"


class VariableNotFound(CheckpointNotFound):
    """A checkpoint has no variable of that name; `candidates` are names near it, best first."""

    code = "variable-not-found"


class CheckpointAmbiguous(_CheckpointChoice):
    """The path means several checkpoints; `candidates` are their prefixes."""

    code = "ambiguous"
