"""Ranking the names of a checkpoint by how likely one of them is meant by another name.

Beyond spelling (`nearest`) this knows how names differ between the model that wrote a
checkpoint and the one that reads it: an outer scope too many or too few, and names that
TensorFlow's own layers and cells have changed over the years.

Source: tensorflow/contrib/rnn/python/tools/checkpoint_convert.py for the cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import islice, product

from ckptls.checkpoint.names.edit_distance import Rank, rank, ranks
from ckptls.checkpoint.names.name_pool import Pool

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from ckptls.checkpoint.model.changes import Changes


_MAX_VARIANTS = 64
_MAX_DEEPER = 1_000
_TELLING_LENGTH = 12
# What suggestions are noted as.
VARIABLE, SCOPE = "variable", "scope"
# Each row: segments that were called one or the other in the course of time.
_RENAMES = (
    ("weights", "kernel", "w", "W"),
    ("biases", "bias", "b", "B"),
    ("rnn", "RNN"),
    ("basic_lstm_cell", "BasicLSTMCell", "lstm_cell", "LSTMCell"),
    ("basic_rnn_cell", "BasicRNNCell"),
    ("gru_cell", "GRUCell"),
    ("multi_rnn_cell", "MultiRNNCell"),
    ("gates", "Gates"),
    ("candidate", "Candidate"),
    ("batch_normalization", "BatchNorm", "batch_norm", "bn"),
)
_ALTERNATIVES = {name: row for row in _RENAMES for name in row}
# Cells of TensorFlow 0.x kept their parameters one scope deeper.
_LINEAR = (("Linear/Matrix", "kernel"), ("Linear/Bias", "bias"))


def is_still_best(key: tuple[Any, ...], found: tuple[str, ...], changes: Changes) -> bool:
    """Whether suggestions that were noted under a key are those of the names with changes."""
    if key[0] == VARIABLE:
        _, name, shape, limit = key
        if shape is not None and changes.names:
            return False
        added: Iterable[str] = changes.added
        if not changes.removed.isdisjoint(found):
            return False
    elif key[0] == SCOPE:
        _, name, limit = key
        added = [scope[:-1] for scope in changes.scopes if scope]
        if changes.removed and found:  # a scope may be gone with the last of its names
            return False
    else:
        return False
    new = rank_candidates(name, Pool(sorted(set(added).difference(found))))
    if not new:
        return True
    return len(found) == limit and min(new) > max(_own_rank(name, each) for each in found)


def _own_rank(name: str, candidate: str) -> Rank:
    """The rank of a candidate among others."""
    return min(
        each for each in rank_candidates(name, Pool((candidate,))) or [rank(name, candidate)]
    )


def usual_word(segment: str) -> str:
    """One word for all that a segment has been called over the years: `weights` for `kernel`."""
    row = _ALTERNATIVES.get(segment)
    return row[0] if row else segment


def rank_candidates(name: str, pool: Pool) -> list[Rank]:
    """Every candidate with its best rank, in no order."""
    best: dict[str, Rank] = {}
    for found in (*ranks(name, pool), *_related(name, pool)):
        candidate = found[2]
        best[candidate] = min(found, best.get(candidate, found))
    best.pop(name, None)
    return list(best.values())


def _related(name: str, pool: Pool) -> Iterator[Rank]:
    """Renamed candidates, and those with more or fewer outer scopes; an edit each scope."""
    variants = list(_variants(name))
    for variant in variants:
        if variant in pool:
            yield 1, 0, variant
        for dropped, inner in enumerate(_inner(variant), start=1):
            if inner in pool:
                yield dropped, 0, inner
    depth = name.count("/")
    tails = tuple("/" + variant for variant in variants)
    deeper = (
        (max(1, candidate.count("/") - depth), 0, candidate)
        for candidate in _holding(_fixed_part(name), pool)
        if candidate.endswith(tails)
    )
    yield from nsmallest(_MAX_DEEPER, deeper)


def _fixed_part(name: str) -> str:
    """The longest run of segments that no variant of `name` writes otherwise."""
    runs = [""]
    kept = name
    for old, new in _LINEAR:
        kept = kept.removesuffix(old).removesuffix(new)
    for segment in kept.split("/"):
        if segment in _ALTERNATIVES or not segment:
            runs.append("")
        else:
            runs[-1] += "/" + segment
    return max(runs, key=len)


def _holding(part: str, pool: Pool) -> Iterable[str]:
    """The names that have `part` in them; all of them if it is too short to tell them apart."""
    return pool.holding(part) if len(part) >= _TELLING_LENGTH else pool.names


def _variants(name: str) -> Iterator[str]:
    """`name` itself, then as it would have been called at other times."""
    choices = [_ALTERNATIVES.get(segment, (segment,)) for segment in name.split("/")]
    yield name
    for segments in islice(product(*choices), _MAX_VARIANTS):
        variant = "/".join(segments)
        if variant != name:
            yield variant
    for old, new in _LINEAR:
        if name.endswith(old):
            yield from _variants(name.removesuffix(old) + new)
        elif name.endswith("/" + new):
            yield name.removesuffix(new) + old


def _inner(name: str) -> Iterator[str]:
    """`name` without its first scope, its first two, and so on."""
    while "/" in name:
        name = name[name.index("/") + 1 :]
        yield name
