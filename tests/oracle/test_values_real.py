"""Every value that is there of the real checkpoints CKPTLS_REAL_CHECKPOINTS names."""

from __future__ import annotations

from pathlib import Path

import pytest

import ckptls
from ckptls.checkpoint.core.errors import CheckpointNotFound
from ckptls.checkpoint.formats.tensorflow.v2.index_reader import all_entries, data_path, num_shards
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify
from oracle.conftest import real_prefixes
from oracle.values import assert_same_values


def has_all_data(prefix: str) -> bool:
    index = f"{prefix}.index"
    if not Path(index).exists():
        return True
    shards = num_shards(index)
    needed = {entry.shard for entry in all_entries(index)}
    return all(Path(data_path(prefix, shard, shards)).exists() for shard in needed)


PREFIXES = real_prefixes()
WITH_DATA = [prefix for prefix in PREFIXES if has_all_data(prefix)]
DATA_MISSING = [prefix for prefix in PREFIXES if not has_all_data(prefix)]


def test_the_folder_holds_checkpoints_with_data() -> None:
    assert WITH_DATA


@pytest.mark.parametrize("prefix", WITH_DATA)
def test_real_values_are_those_of_tensorflow_and_sound(prefix: str) -> None:
    count = assert_same_values(prefix)
    report = verify(locate(prefix))
    assert (report.problems, report.tensors) == ([], count)


@pytest.mark.parametrize("prefix", DATA_MISSING)
def test_real_data_files_that_are_missing_are_told(prefix: str) -> None:
    checkpoint = ckptls.open(prefix)
    problems = verify(locate(prefix)).problems
    assert problems and all("it is missing" in problem.what for problem in problems)
    with pytest.raises(CheckpointNotFound, match="only names and shapes"):
        for name in checkpoint.names:
            checkpoint.read(name)
