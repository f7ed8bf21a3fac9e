"""What a pickle would build, without building it.

A function that a pickle names is a `Global`, a call of one is a `Call`, and nothing is imported,
looked up or called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ckptls.checkpoint.core.gc_pause import CollectorPaused
from ckptls.checkpoint.formats.pytorch.pickle_machine import Machine
from ckptls.checkpoint.formats.pytorch.pickle_symbols import Persistent

MAX_PICKLE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Pickle:
    """What one pickle would build.

    Attributes:
        root: what it leaves on its stack. Strings, numbers, None, lists and tuples are themselves.
        end: offset of the byte behind it.
        called: the functions that it would call, also where it drops the result.
        outside: the objects outside of the pickle that it refers to.
    """

    root: Any
    end: int
    called: tuple[str, ...]
    outside: tuple[Persistent, ...]


def read_pickle(data: bytes, start: int = 0) -> Pickle:
    """The pickle that begins at `start`.

    Raises:
        EndOfData: `data` ends before the pickle.
        CheckpointDamaged: not a valid pickle.
        CheckpointUnsupported: more than `MAX_OPCODES` opcodes or `MAX_OBJECTS` objects.
    """
    machine = Machine(data)
    with CollectorPaused():
        root, end = machine.run(start)
    return Pickle(root, end, tuple(machine.called), tuple(machine.outside))
