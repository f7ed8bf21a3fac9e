"""What is damaged is found, and told with file, place and variable; what is sound is not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted_values import Part, bundle, data_file, strings, v1_file
from ckptls.checkpoint.core.errors import CheckpointTooLarge
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.reader import read_checkpoint
from ckptls.checkpoint.verify.by_reading import verify_by_reading
from ckptls.checkpoint.verify.report import Report, VerifyOptions
from ckptls.checkpoint.verify.verify import verify
from support.pointers import POINTER

VALUES = {"a": np.ones(100), "b": np.arange(50, dtype=np.int32), "words": strings(b"abc", b"de")}
HALVES = [Part(((0, 2),), np.ones(2)), Part(((2, 2),), np.ones(2))]
KNOBS = crafted.Knobs(block_bytes=64)


def verified(path: Path | str, *, is_quick: bool = False) -> Report:
    return verify(locate(path), VerifyOptions(is_quick=is_quick))


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x40
    path.write_bytes(data)


def told(report: Report) -> list[str]:
    return [problem.what for problem in report.problems]


@pytest.mark.parametrize("shards", [1, 2])
def test_a_sound_bundle_is_sound(tmp_path: Path, shards: int) -> None:
    report = verified(bundle(tmp_path / "m", VALUES, {"w": ((4,), HALVES)}, shards=shards))
    assert (report.problems, report.notes) == ([], [])
    assert (report.files, report.tensors) == (1 + shards, 5)
    files = [data_file(tmp_path / "m", shard, shards) for shard in range(shards)]
    assert report.size_bytes == sum(file.stat().st_size for file in files)


@pytest.mark.parametrize("name", ["a", "b", "words"])
def test_a_flipped_byte_is_told_with_its_variable(tmp_path: Path, name: str) -> None:
    prefix = bundle(tmp_path / "m", VALUES)
    place = {"a": 5, "b": 805, "words": 1007}[name]
    flip(data_file(prefix), place)
    report = verified(prefix)
    assert told(report) == [f"the values of `{name}` do not match their checksum"]
    assert report.problems[0].variable == name
    assert report.problems[0].path == str(data_file(prefix))


def test_a_quick_look_leaves_the_values_out_and_says_so(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", VALUES)
    flip(data_file(prefix), 5)
    report = verified(prefix, is_quick=True)
    assert report.is_sound and [note.what for note in report.notes] == [
        "the values were not verified (--quick)"
    ]


@pytest.mark.parametrize("is_quick", [False, True])
def test_a_data_file_that_was_cut_off(tmp_path: Path, is_quick: bool) -> None:
    prefix = bundle(tmp_path / "m", VALUES)
    os.truncate(data_file(prefix), 900)
    assert told(verified(prefix, is_quick=is_quick)) == [
        "it has 900 bytes and should have 1,011; 2 variables, the first of them `b`, are cut off"
    ]


def test_a_data_file_that_is_too_long(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", VALUES)
    os.truncate(data_file(prefix), 2000)
    assert told(verified(prefix)) == ["it has 2,000 bytes, and the index accounts for 1,011"]


def test_a_missing_data_file_does_not_keep_the_others_from_being_verified(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", VALUES, shards=3)
    data_file(prefix, 1, 3).unlink()
    flip(data_file(prefix, 0, 3), 5)
    report = verified(prefix)
    assert told(report) == [
        "it is missing; `b` is in it",
        "the values of `a` do not match their checksum",
    ]


def test_each_damaged_block_of_an_index_is_told(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", {f"v{i}": np.ones(1) for i in range(20)}, knobs=KNOBS)
    index = Path(f"{prefix}.index")
    for place in (10, 150):
        flip(index, place)
    report = verified(prefix)
    whats = [what.partition(" (")[0] for what in told(report)]
    assert whats == ["a block does not match its checksum"] * 2
    assert all(problem.path == str(index) for problem in report.problems)
    assert "data files were not verified" in report.notes[0].what


def test_every_byte_of_an_index_is_covered(tmp_path: Path) -> None:
    """All but the padding of the footer, which means nothing."""
    prefix = bundle(tmp_path / "m", VALUES)
    index = Path(f"{prefix}.index")
    sound = index.read_bytes()
    silent = []
    for place in range(len(sound)):
        flip(index, place)
        try:
            is_sound = verified(prefix).is_sound
        finally:
            index.write_bytes(sound)
        if is_sound:
            silent.append(place)
    footer = len(sound) - 48
    assert all(footer < place < len(sound) - 8 for place in silent)


def test_an_index_without_its_end_is_a_problem_and_no_error(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", VALUES)
    os.truncate(f"{prefix}.index", 60)
    assert "bad magic" in told(verified(prefix))[0]


def test_a_missing_slice_is_told(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", {"b": np.ones(1)}, {"w": ((4,), HALVES[:1])})
    report = verified(prefix)
    assert [problem.variable for problem in report.problems] == ["w"]
    assert "do not add up" in told(report)[0]


@pytest.mark.parametrize("knobs", [crafted.PLAIN, crafted.SNAPPY, KNOBS])
def test_a_sound_v1_file_is_sound(tmp_path: Path, knobs: crafted.Knobs) -> None:
    (tmp_path / "m").write_bytes(v1_file(VALUES, knobs))
    report = verified(tmp_path / "m")
    assert (report.problems, report.files, report.tensors) == ([], 1, 3)


def test_a_flipped_byte_of_a_v1_file_is_told_with_its_variables(tmp_path: Path) -> None:
    path = tmp_path / "m"
    names = {"a": np.ones(100), "network/layer_1/bias": np.zeros(9), "z": np.zeros(9)}
    path.write_bytes(v1_file(names, KNOBS))
    flip(path, path.read_bytes().index(np.ones(100).tobytes()) + 5)
    report = verified(path)
    assert "a block does not match its checksum (block 2 of 4)" in told(report)
    assert [problem.variable for problem in report.problems] == ["", "a"]
    assert verified(path, is_quick=True).problems[0].variable == "a"


def test_a_flipped_byte_of_a_large_v1_block_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(v1_file({"a": np.zeros(1_000_000)}))
    assert verified(path).is_sound
    flip(path, 4_000_000)
    assert [problem.variable for problem in verified(path).problems] == ["", "a"]


def test_a_v1_variable_whose_values_are_missing(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(crafted.v1([("a", crafted.FLOAT, [2])]))
    assert told(verified(tmp_path / "m")) == ["`a`: it is listed, and its values are not there"]


def test_a_missing_v1_shard_is_told(tmp_path: Path) -> None:
    (tmp_path / "m-00000-of-00002").write_bytes(v1_file({"a": np.ones(2)}))
    assert "only 1 of 2 shards are here" in told(verified(tmp_path / "m"))[0]


def test_a_shard_that_is_verified_by_itself_gets_a_note(tmp_path: Path) -> None:
    (tmp_path / "m-00000-of-00002").write_bytes(v1_file({"a": np.ones(2)}))
    report = verified(tmp_path / "m-00000-of-00002")
    assert report.notes[0].code == "single-shard"
    assert report.is_sound and "one shard of 2" in report.notes[0].what


def in_directory(directory: Path) -> Report:
    return verify(locate(directory), directory=str(directory))


def test_a_directory_with_a_plausible_state_file_is_sound(tmp_path: Path) -> None:
    bundle(tmp_path / "m-2", VALUES)
    state = 'model_checkpoint_path: "m-2"\nall_model_checkpoint_paths: "m-2"\n'
    (tmp_path / "checkpoint").write_text(state)
    assert (in_directory(tmp_path).problems, in_directory(tmp_path).notes) == ([], [])


def test_a_state_file_that_lists_what_is_gone_gets_a_note(tmp_path: Path) -> None:
    bundle(tmp_path / "m-2", VALUES)
    state = 'model_checkpoint_path: "m-2"\nall_model_checkpoint_paths: "m-1"\n'
    (tmp_path / "checkpoint").write_text(state + 'all_model_checkpoint_paths: "m-2"\n')
    report = in_directory(tmp_path)
    assert report.is_sound and "older checkpoints that are gone: `m-1`" in report.notes[0].what


def test_a_state_file_that_nobody_can_read_is_a_problem(tmp_path: Path) -> None:
    bundle(tmp_path / "m", VALUES)
    (tmp_path / "checkpoint").write_text("no state")
    assert told(in_directory(tmp_path)) == [
        "TensorFlow cannot read it as a state file and ignores it"
    ]


def test_a_save_that_was_not_finished_gets_a_note(tmp_path: Path) -> None:
    bundle(tmp_path / "m", VALUES)
    (tmp_path / "m2.index.tempstate123").write_bytes(b"")
    report = in_directory(tmp_path)
    assert report.is_sound and "m2.index.tempstate123" in report.notes[0].what


def test_reading_all_values_finds_what_cannot_be_read(tmp_path: Path) -> None:
    """The way of formats that have no checksums."""
    prefix = bundle(tmp_path / "m", VALUES)
    steps: list[tuple[int, int]] = []
    report = Report()
    verify_by_reading(
        ckptls.open(prefix), VerifyOptions(progress=lambda *at: steps.append(at)), report
    )
    assert (report.is_sound, report.tensors, steps[-1]) == (True, 3, (1000, 1000))
    os.truncate(data_file(prefix), 100)
    report = Report()
    verify_by_reading(ckptls.open(prefix), VerifyOptions(), report)
    assert [problem.variable for problem in report.problems] == ["a", "b", "words"]


GRAPHS = {
    "cut": (lambda graph: graph[: len(graph) // 2], "runs past its message"),
    "lfs": (lambda graph: POINTER, "it is a Git LFS pointer"),
    "empty": (lambda graph: b"", "it is empty"),
    "noise": (lambda graph: b"\xff" * 40, "a number takes more than 10 bytes"),
}


@pytest.mark.parametrize(("damage", "said"), GRAPHS.values(), ids=GRAPHS.keys())
@pytest.mark.parametrize("name", ["saved_model.pb", "m.meta"])
def test_a_broken_graph_is_a_problem(
    tmp_path: Path, name: str, damage: Callable[[bytes], bytes], said: str
) -> None:
    field = crafted.bytes_field
    graph = field(2, field(1, field(1, b"node") + field(2, b"NoOp")))
    if name == "saved_model.pb":
        graph = b"\x08\x01" + field(2, graph)
        prefix = tmp_path / "variables" / "variables"
        prefix.parent.mkdir()
    else:
        prefix = tmp_path / "m"
    bundle(prefix, VALUES)
    (tmp_path / name).write_bytes(graph)
    given = tmp_path if name == "saved_model.pb" else prefix
    assert verify(locate(given)).is_sound
    (tmp_path / name).write_bytes(damage(graph))
    (problem,) = verify(locate(given)).problems
    assert problem.path == str(tmp_path / name)
    assert said in problem.what


def test_an_index_beyond_the_limit_is_not_called_damaged(tmp_path: Path) -> None:
    with open(tmp_path / "m.index", "wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(CheckpointTooLarge, match="more than 1 GiB"):
        read_checkpoint(tmp_path / "m")
