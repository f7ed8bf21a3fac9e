"""The loop in C: it is there where it can be, and says what the loop in Python says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoint import crafted
from checkpoint.crafted import FLOAT, Knobs
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.formats.tensorflow.v2 import compiled_loop
from ckptls.checkpoint.formats.tensorflow.v2.index import Columns, parse_index, parse_names
from fuzz.mutate import mutated_bytes, mutated_table
from fuzz.targets import seeds

ASKS = (
    "from ckptls.checkpoint.formats.tensorflow.v2 import compiled_loop as c; print(c.description())"
)


def described(**settings: str) -> str:
    rest = {key: value for key, value in os.environ.items() if key != compiled_loop.PURE_PYTHON}
    command = [sys.executable, "-c", ASKS]
    return subprocess.check_output(command, env={**rest, **settings}, text=True).strip()


def test_it_is_built_where_there_is_a_compiler() -> None:
    compiler = (sysconfig.get_config_var("CC") or "cl").split()[0]
    headers = os.path.join(sysconfig.get_path("include"), "Python.h")
    if shutil.which(compiler) and os.path.exists(headers):
        assert described() == "compiled", "run: python hatch_build.py"


def test_a_variable_of_the_environment_leaves_it_out() -> None:
    assert described(CKPTLS_PURE_PYTHON="1") == "Python, as CKPTLS_PURE_PYTHON says"


def by_each_loop(data: bytes) -> list[tuple[Columns | None, list[str] | None]]:
    """What the listing and the names of an index are by the loop in C and by that in Python."""
    found = []
    in_c = compiled_loop.stretch
    for loop in (in_c, None):
        compiled_loop.stretch = loop
        try:
            found.append((refused_is_none(parse_index, data), refused_is_none(parse_names, data)))
        finally:
            compiled_loop.stretch = in_c
    return found


def refused_is_none(parse, data):
    try:
        return parse(data)
    except CheckpointError:
        return None


NAME = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300)
SHAPE = st.lists(st.integers(0, 1 << 20), max_size=5).map(tuple)
LISTING = st.dictionaries(NAME, st.tuples(st.integers(1, 200), SHAPE), max_size=30)
KNOBS = st.builds(
    Knobs, st.booleans(), st.sampled_from([1, 100, 4096]), st.sampled_from([1, 3, 16])
)


@given(listing=LISTING, knobs=KNOBS)
def test_both_read_the_same_of_what_was_written(listing: dict, knobs: Knobs) -> None:
    flat = [(name, dtype, shape) for name, (dtype, shape) in listing.items()]
    in_c, in_python = by_each_loop(crafted.index(flat, knobs))
    assert in_c == in_python
    assert in_c[1] == sorted(listing)


@settings(max_examples=500)
@given(seed=st.integers(0, 1 << 32), content=st.booleans())
def test_both_read_or_refuse_the_same_broken_files(seed: int, content: bool) -> None:
    random = Random(seed)
    corpus = seeds("index")
    mutate = mutated_table if content else mutated_bytes
    data = mutate(random, random.choice(corpus), random.choice(corpus))
    in_c, in_python = by_each_loop(data)
    assert in_c == in_python


NEIGHBOURS = {
    "a name of 127 bytes": [("n" * 127, FLOAT, [2])],
    "a name of 128 bytes": [("n" * 128, FLOAT, [2])],
    "names that share 128 bytes": [("n" * 128 + end, FLOAT, [2]) for end in "ab"],
    "names of 4,096 bytes": [("n" * 4095 + end, FLOAT, [2]) for end in "ab"],
    "a size of 0": [("a", FLOAT, [0, 3])],
    "a scalar": [("a", FLOAT, [])],
    "many dimensions": [("a", FLOAT, [1000] * 20)],
    "two hundred dimensions": [("a", FLOAT, [1] * 200)],
    "names that are no ASCII": [("é", FLOAT, [1]), ("网络", FLOAT, [1])],
    "more than a stretch": [(f"net/layer_{i:05d}", FLOAT, [i % 7, 3]) for i in range(5000)],
}


@pytest.mark.parametrize("variables", NEIGHBOURS.values(), ids=NEIGHBOURS)
@pytest.mark.parametrize("is_compressed", [False, True])
def test_both_agree_at_the_limits_of_what_is_common(variables: list, is_compressed: bool) -> None:
    data = crafted.index(variables, Knobs(is_compressed, 1 << 18))
    in_c, in_python = by_each_loop(data)
    assert in_c == in_python
    assert in_c[1] == [name for name, *_ in variables]
