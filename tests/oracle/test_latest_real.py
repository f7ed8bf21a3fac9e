"""The directories of real checkpoints: their latest, and every command on each of them."""

from __future__ import annotations

import contextlib
import io
import os

import pytest
import tensorflow as tf

from ckptls.checkpoint.data_locations import placements
from ckptls.checkpoint.locate.steps import read_history
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.checkpoint.storage.filesystem import split
from ckptls.cli.main import main
from ckptls.cli.output.console import problems_of
from oracle.conftest import real_prefixes

DIRECTORIES = sorted({split(prefix)[0] for prefix in real_prefixes()})


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_the_latest_is_tensorflows_where_it_finds_one(directory: str) -> None:
    found = read_history(directory).latest
    assert found is not None
    try:
        theirs = tf.train.latest_checkpoint(directory)
    except ValueError:
        return
    if theirs is not None:
        assert os.path.abspath(found.prefix) == os.path.abspath(theirs)


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_every_command_says_something_of_it(directory: str) -> None:
    found = read_history(directory).latest
    assert found is not None
    checkpoint = read_checkpoint(found.prefix)
    assert placements(checkpoint).keys() == set(checkpoint.names)
    for arguments in (["tree", "--depth", "all"], ["ls", "--long"], ["diff", found.prefix]):
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")) as output:
            code = main([*arguments[:1], found.prefix, *arguments[1:], "--format=text"])
            # Nothing can be said to be equal where data is missing.
            assert code == (arguments[0] == "diff" and bool(problems_of(checkpoint)))
            output.seek(0)
            assert bool(output.read()) is (arguments[0] != "diff")
