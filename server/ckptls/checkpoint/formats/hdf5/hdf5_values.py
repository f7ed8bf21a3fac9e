"""The values in HDF5 files, by a process for each file that stays open and works ahead.

Who reads one variable after the other, in the order of the listing, is served in batches: while
one value is looked at here, the next ones are read there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from ckptls.checkpoint.arrays import foreign_dtypes
from ckptls.checkpoint.core.dtypes import STRING
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.formats.hdf5.worker_client import Asked, ProcessEnded
from ckptls.checkpoint.storage.local_file import Closing, OpenFile
from ckptls.checkpoint.storage.open_file_pool import Opened
from ckptls.checkpoint.storage.zip_archive import Archive

MAX_PROCESSES = 4
MAX_STARTS = 20  # of a process for one file, each after another one that was ended
_MAX_AHEAD = 64

OpenWeights = Callable[[str], tuple[OpenFile, tuple[int, int], Any]]
Answer = tuple[dict[str, Any], Any]


class HDF5Values(Closing):
    """The files of a checkpoint, each with a process; see `ValueReader`.

    `names` are all variables, in the order in which they will probably be asked for.
    """

    def __init__(
        self, paths: Sequence[str], open_weights: OpenWeights, names: Sequence[str]
    ) -> None:
        self._paths = paths
        self._files = Opened(lambda path: _Weights(path, open_weights, names), MAX_PROCESSES)
        self._homes: dict[str, str] | None = None

    def close(self) -> None:
        """See Closing."""
        self._files.close()

    def read(self, name: str) -> foreign_dtypes.Array:
        """The value of one variable."""
        answer, data = self._answer("value", name)
        shape = tuple(answer["shape"])
        if answer["dtype"] != STRING:
            return foreign_dtypes.array_of(data, answer["dtype"], shape)
        import numpy

        value = numpy.empty(len(answer["texts"]), object)
        value[:] = [text.encode("latin-1") for text in answer["texts"]]
        return value.reshape(shape)

    def verify(self, name: str) -> int:
        """Read one value in the other process; how many bytes it has."""
        count: int = self._answer("verify", name)[0]["verified_bytes"]
        return count

    def verify_rest(self) -> None:
        """The other members of `.keras` archives."""
        for path in self._paths:
            try:
                self._files.open(path).verify_rest()
            except CheckpointError as error:
                raise error.named(path) from None

    def files_of(self, name: str) -> tuple[str, ...]:
        """The files with the bytes of one variable; none for one that is not known."""
        try:
            return (self._home_of(name),)
        except KeyError:
            return ()

    def _answer(self, ask: str, name: str) -> Answer:
        path = self._paths[0]
        if len(self._paths) > 1:
            path = self._home_of(name)
        try:
            answer = self._files.open(path).answer(ask, name)
        except CheckpointError as error:
            raise error.named(path) from None
        if not answer[0]["is_there"]:
            raise KeyError(name)
        return answer

    def _home_of(self, name: str) -> str:
        """The first file that lists a variable."""
        if self._homes is None:
            self._homes = {}
            for path in self._paths:
                try:
                    names = self._files.open(path).names()
                except CheckpointError as error:
                    raise error.named(path) from None
                for each in names:
                    self._homes.setdefault(each, path)
        return self._homes[name]


class _Weights(Closing):
    """One file and its process, which is started again if it was ended."""

    def __init__(self, path: str, open_weights: OpenWeights, names: Sequence[str]) -> None:
        self._file, self._span, _ = open_weights(path)
        self._asked: Asked | None = None
        self._starts = 0
        self._names = names
        self._places: dict[str, int] = {}
        self._before = -2  # the place of the name that was asked for before
        self._ahead = 1
        self._pending: deque[str] = deque()  # whose answers are on their way
        self._kind = ""

    def close(self) -> None:
        """See Closing."""
        if self._asked is not None:
            self._asked.close()
        self._file.close()

    def names(self) -> list[str]:
        """The variables in it."""
        answer = self._process().ask({"ask": "listing"})
        return [name for name, _, _ in answer["variables"]]

    def verify_rest(self) -> None:
        """Verify the archive around the weights, if there is one.

        Raises:
            CheckpointError: as `Archive.verify`.
        """
        if self._span[0]:
            with Archive(self._file) as archive:
                archive.verify_all(())

    def answer(self, ask: str, name: str) -> Answer:
        """What the process says to one question.

        Raises:
            CheckpointError: as `Asked.ask`.
        """
        try:
            answer = self._answer(ask, name)
            while "is_later" in answer[0]:
                answer = self._answer(ask, name)
        except BaseException as error:
            if not isinstance(error, CheckpointError):
                # After an interrupt nobody knows whose answer comes next. The file is not at fault.
                self._end_process()
                self._starts = max(self._starts - 1, 0)
            elif isinstance(error, ProcessEnded) or self._is_in_question():
                self._end_process()
            raise
        self._file.check_unchanged_lately()
        return answer

    def _is_in_question(self) -> bool:
        return self._asked is not None and self._asked.is_in_question

    def _end_process(self) -> None:
        self._pending.clear()
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.close()

    def _answer(self, ask: str, name: str) -> Answer:
        process = self._process()
        is_next = bool(self._pending) and self._kind == ask and self._pending[0] == name
        if not is_next:
            self._discard(process)
            self._pending.extend(self._batch(name))
            self._kind = ask
            process.send({"ask": ask, "names": list(self._pending)})
        self._pending.popleft()
        return process.answer()

    def _batch(self, name: str) -> Sequence[str]:
        """The name and those behind it, the more the longer one came after the other."""
        if not self._places:
            self._places = {each: place for place, each in enumerate(self._names)}
        place = self._places.get(name)
        if place is None:
            return (name,)
        is_in_order = 0 < place - self._before <= self._ahead
        self._ahead = min(2 * self._ahead, _MAX_AHEAD) if is_in_order else 1
        self._before = place
        return self._names[place : place + self._ahead]

    def _discard(self, process: Asked) -> None:
        while self._pending:
            self._pending.popleft()
            try:
                process.answer()
            except ProcessEnded:
                raise
            except CheckpointError:
                if process.is_in_question:
                    raise

    def _process(self) -> Asked:
        if self._asked is None:
            if self._starts == MAX_STARTS:
                raise ProcessEnded("invalid HDF5 file: h5py ended too often")
            self._starts += 1
            self._asked = Asked(self._file, self._span)
        return self._asked
