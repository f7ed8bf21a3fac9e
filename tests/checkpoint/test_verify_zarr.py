"""A chunk that is not stored is lost only if Orbax says that it stored all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import ckptls
from ckptls.checkpoint.core.errors import CheckpointDamaged
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify

FILES = Path(__file__).parent / "fixtures" / "orbax" / "files"
KERNEL = "params/dense/kernel"
MISSING = f"chunk `0.0` of `{KERNEL}` is missing"
FLAG = '"store_array_data_equal_to_fill_value": '


def without_a_chunk(folder: Path, *, stores_all: str) -> Path:
    """The fixture without the first half of the kernel."""
    root = shutil.copytree(FILES, folder / "m")
    (root / "params.dense.kernel" / "0.0").unlink()
    stated = (root / "_METADATA").read_text()
    assert FLAG + "true" in stated
    (root / "_METADATA").write_text(stated.replace(FLAG + "true", stores_all))
    return root


def test_a_chunk_that_orbax_stored_is_missed_as_orbax_does(tmp_path: Path) -> None:
    root = without_a_chunk(tmp_path, stores_all=FLAG + "true")
    assert [each.what for each in verify(locate(root)).problems] == [MISSING]
    with ckptls.open(root) as checkpoint, pytest.raises(CheckpointDamaged, match="is missing"):
        checkpoint.read(KERNEL)


@pytest.mark.parametrize("stores_all", [FLAG + "false", '"another": 1'])
def test_a_chunk_of_zeros_that_was_not_stored_is_sound(tmp_path: Path, stores_all: str) -> None:
    root = without_a_chunk(tmp_path, stores_all=stores_all)
    assert verify(locate(root)).problems == []
    with ckptls.open(root) as checkpoint:
        assert checkpoint.read(KERNEL)[:, 0].tolist() == [0, 0, 12, 18]
