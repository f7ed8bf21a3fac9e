"""Reading values of checkpoints by their location."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.formats import registry
from ckptls.checkpoint.locate.locate import locate


def read_value(path: str, name: str) -> numpy.ndarray[Any, Any]:
    """The value of one variable; `KeyError` if there is none of that name."""
    return dict(read_values(path, (name,)))[name]


def read_values(path: str, names: Iterable[str]) -> Iterator[tuple[str, numpy.ndarray[Any, Any]]]:
    """(name, value) of each of `names`, from files that are opened once; unknown ones are left
    out."""
    location = locate(path)
    names = list(names)
    reader = registry.open_values(location, names)
    try:
        for name in names:
            try:
                value = reader.read(name)
            except KeyError:
                continue
            yield name, value
    except CheckpointError as error:
        raise error.named(location.files[0]) from None
    finally:
        reader.close()
