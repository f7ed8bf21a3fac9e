"""Reading while the file is being written, and what the package costs to import."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointIncomplete,
    CheckpointNotFound,
)
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.checkpoint.storage.local_file import OpenFile

pytestmark = pytest.mark.usefixtures("each_loop")

INDEX = crafted.index([("a", FLOAT, [2]), ("b/c", FLOAT, [])])


def test_the_stamp_is_that_of_the_files_read(tmp_path: Path) -> None:
    index = tmp_path / "m.index"
    index.write_bytes(INDEX)
    status = index.stat()
    checkpoint = ckptls.open(tmp_path / "m")
    assert checkpoint.stamp == ((str(index), status.st_mtime_ns, len(INDEX), status.st_ino),)


@pytest.mark.parametrize("half", [b"", INDEX[:20], INDEX[:-1]])
def test_an_index_that_is_being_written_is_read_again_by_the_patient(
    tmp_path: Path, half: bytes
) -> None:
    index = tmp_path / "m.index"
    index.write_bytes(half)
    writer = threading.Timer(0.1, index.write_bytes, [INDEX])
    writer.start()
    assert read_checkpoint(tmp_path / "m", is_patient=True).names == ("a", "b/c")
    writer.join()


def test_the_impatient_get_the_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(INDEX[:20])
    with pytest.raises(CheckpointIncomplete, match="being written"):
        read_checkpoint(tmp_path / "m", is_patient=False)


def test_an_old_file_without_an_end_is_not_waited_for(tmp_path: Path) -> None:
    index = tmp_path / "m.index"
    index.write_bytes(INDEX[:20])
    os.utime(index, (1, 1))
    writer = threading.Timer(0.04, index.write_bytes, [INDEX])
    writer.start()
    with pytest.raises(CheckpointIncomplete):
        read_checkpoint(tmp_path / "m", is_patient=True)
    writer.join()


def test_a_file_that_was_replaced_while_it_was_read_is_incomplete(tmp_path: Path) -> None:
    index = tmp_path / "m.index"
    index.write_bytes(INDEX)
    with OpenFile(str(index)) as file:
        file.check_unchanged()
        new = tmp_path / "new"
        new.write_bytes(INDEX)
        new.replace(index)
        with pytest.raises(CheckpointIncomplete, match="changed while it was read"):
            file.check_unchanged()


def test_a_reading_during_which_the_file_was_replaced_is_not_trusted(tmp_path: Path) -> None:
    """The index takes milliseconds to decode, and is replaced many times in each of them."""
    index = tmp_path / "m.index"
    data = crafted.index([(f"layer_{i}/weights", FLOAT, [i]) for i in range(20_000)])
    index.write_bytes(data)
    is_over = threading.Event()

    def replace_again_and_again() -> None:
        while not is_over.is_set():
            (tmp_path / "new").write_bytes(data)
            (tmp_path / "new").replace(index)

    writer = threading.Thread(target=replace_again_and_again)
    writer.start()
    try:
        with pytest.raises(CheckpointIncomplete, match="changed while it was read"):
            for _ in range(20):
                read_checkpoint(tmp_path / "m", is_patient=False)
    finally:
        is_over.set()
        writer.join()
    assert len(ckptls.open(tmp_path / "m")) == 20_000


def test_a_file_that_shrinks_while_it_is_read_is_incomplete(tmp_path: Path) -> None:
    index = tmp_path / "m.index"
    index.write_bytes(INDEX)
    with OpenFile(str(index)) as file:
        os.truncate(index, 10)
        with pytest.raises(CheckpointIncomplete, match="ended early"):
            file.read_at(0, file.size)


@pytest.mark.parametrize(
    "error",
    [
        CheckpointDamaged("what", "path", 5, "hint"),
        CheckpointNotFound("what", "path", "hint", ("a", "b")),
    ],
)
def test_an_error_survives_a_trip_to_another_process(error: CheckpointError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def test_an_error_is_one_sentence_with_file_fault_place_and_cure() -> None:
    error = CheckpointDamaged("it is torn", "m.index", 12345, "save it again")
    assert str(error) == "m.index: it is torn (at byte 12,345); save it again"


def modules_after(code: str, *arguments: str) -> set[str]:
    """What is imported in a new process once `code` has run."""
    code += "\nimport sys; print(*sys.modules, sep='\\n', file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return set(result.stderr.split())


def test_importing_the_package_loads_nothing_of_it() -> None:
    loaded = modules_after("import ckptls")
    assert {name for name in loaded if name.startswith("ckptls.")} == {"ckptls._version"}


def test_every_public_name_is_there() -> None:
    assert {name for name in ckptls.__all__ if getattr(ckptls, name, None) is None} == set()
    assert set(ckptls.__all__) <= set(dir(ckptls))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ckptls.nothing  # noqa: B018


def test_reading_needs_neither_tensorflow_nor_the_other_rooms(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(INDEX)
    code = "import sys, ckptls; assert len(ckptls.list_variables(sys.argv[1])) == 2"
    loaded = modules_after(code, str(tmp_path / "m"))
    assert "ckptls.checkpoint.formats.tensorflow.v2.index" in loaded
    unwanted = {
        "tensorflow",
        "numpy",
        "google.protobuf",
        "rapidfuzz",
        "pygls",
        "tree_sitter",
        "rich",
    }
    rooms = {f"ckptls.{room}" for room in ("source", "workspace", "features", "lsp", "cli")}
    assert not loaded & (unwanted | rooms)
