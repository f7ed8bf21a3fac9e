"""The steps of a directory: numbers, times, sizes, and what is not finished."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import fsspec
import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT
from ckptls.checkpoint.core.errors import CheckpointNotFound, CheckpointUnreadable
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.locate.steps import History, Status, read_history, step_number
from ckptls.checkpoint.storage import filesystem

INDEX = crafted.index([("w", FLOAT, [1])])
V1 = crafted.v1([("w", FLOAT, [1])])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory `run`, as paths in the tests call it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    return Path("run")


def save(prefix: Path | str, shards: int = 1, seconds: int = 0) -> None:
    """A finished V2 checkpoint, so many seconds after some moment."""
    for shard in range(shards):
        Path(f"{prefix}.data-{shard:05d}-of-{shards:05d}").write_bytes(b"1234")
    index = Path(f"{prefix}.index")
    index.write_bytes(INDEX)
    os.utime(index, (1_700_000_000 + seconds,) * 2)


def state(directory: Path, latest: str, *others: str) -> None:
    lines = [f'model_checkpoint_path: "{latest}"']
    lines += [f'all_model_checkpoint_paths: "{other}"' for other in (*others, latest)]
    (directory / "checkpoint").write_text("\n".join(lines))


def names(history: History) -> list[str]:
    return [os.path.basename(step.prefix) for step in history.steps]


def latest(directory: Path | str) -> str | None:
    found = read_history(str(directory)).latest
    return found.prefix if found else None


def unfinished(directory: Path | str) -> dict[str, str]:
    """Base name -> what is missing, of all that is not finished."""
    return {
        os.path.basename(step.prefix): step.note
        for step in read_history(str(directory)).steps
        if step.status is Status.UNFINISHED
    }


def test_steps_go_from_the_oldest_to_the_newest_with_number_time_and_size(run: Path) -> None:
    for number in (9, 100, 10):
        save(run / f"model.ckpt-{number}", seconds=number)
    state(run, "model.ckpt-100", "model.ckpt-10")
    history = read_history("run")
    assert names(history) == ["model.ckpt-9", "model.ckpt-10", "model.ckpt-100"]
    step = history.steps[-1]
    assert (step.prefix, step.number, step.mtime_ns) == (
        "run/model.ckpt-100",
        100,
        1_700_000_100 * 10**9,
    )
    assert step.num_bytes == len(INDEX) + 4
    assert step.status is Status.FINISHED
    assert [each.is_named for each in history.steps] == [False, True, True]
    assert [each.is_stated_latest for each in history.steps] == [False, False, True]
    assert history.problems == ()


def test_the_state_file_says_which_is_the_latest(run: Path) -> None:
    save(run / "m-1")
    save(run / "m-2")
    assert latest(run) == "run/m-2"
    state(run, "m-1")
    assert latest(run) == "run/m-1"


def test_of_equal_numbers_and_of_none_the_last_written_is_the_newest(run: Path) -> None:
    save(run / "b", seconds=1)
    save(run / "a", seconds=2)
    assert latest(run) == "run/a"
    save(run / "x-5", seconds=0)
    assert latest(run) == "run/x-5"


@pytest.mark.parametrize("stated", ["/cns/old/m-1", r"C:\\old\\m-1", "{here}/m-1", "m-1"])
def test_a_state_file_is_understood_wherever_the_directory_was(run: Path, stated: str) -> None:
    save(run / "m-1")
    save(run / "m-2")
    state(run, stated.format(here=run.absolute()))
    assert latest(run) == "run/m-1"
    assert read_history("run").problems == ()


def test_a_state_file_may_name_a_directory_below(run: Path) -> None:
    (run / "sub").mkdir()
    save(run / "sub" / "m-1")
    state(run, "sub/m-1")
    assert latest(run) == "run/sub/m-1"


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ("m-9", "the state file names `m-9` as the latest, which is not there"),
        ("../m-9", "the state file names `../m-9` as the latest, which is outside of its"),
    ],
)
def test_a_state_file_that_names_what_is_not_there_is_told(
    run: Path, stated: str, problem: str
) -> None:
    save("m-9") if stated.startswith("..") else None
    save(run / "m-1")
    state(run, stated)
    history = read_history("run")
    assert history.problems[0].startswith(problem)
    assert latest(run) == "run/m-1"


def test_estimators_keep_other_things_beside_their_steps(run: Path) -> None:
    for number in (0, 1000):
        save(run / f"model.ckpt-{number}")
        (run / f"model.ckpt-{number}.meta").touch()
    state(run, "model.ckpt-1000", "model.ckpt-0")
    for name in ("graph.pbtxt", "events.out.tfevents.17.host", "model.ckpt-5.meta"):
        (run / name).touch()
    for name in ("eval", "export"):
        (run / name).mkdir()
    assert names(read_history("run")) == ["model.ckpt-0", "model.ckpt-1000"]
    assert unfinished(run) == {}


def test_a_checkpoint_may_be_called_as_the_state_file_is(run: Path) -> None:
    save(run / "checkpoint")
    save(run / "checkpoint-1")
    assert names(read_history("run")) == ["checkpoint", "checkpoint-1"]


def test_the_variables_of_a_saved_model_are_its_step(run: Path) -> None:
    (run / "variables").mkdir()
    save(run / "variables" / "variables")
    assert latest(run) is None
    (run / "saved_model.pb").touch()
    assert latest(run) == "run/variables/variables"


def test_v1_checkpoints_are_steps_with_all_of_their_shards(run: Path) -> None:
    (run / "model.ckpt-1").write_bytes(V1)
    for shard in range(2):
        (run / f"model.ckpt-2-{shard:05d}-of-00002").write_bytes(V1)
    (run / "model.ckpt-9").write_text("something else")
    history = read_history("run")
    assert names(history) == ["model.ckpt-1", "model.ckpt-2-?????-of-00002"]
    assert [step.number for step in history.steps] == [1, 2]
    assert history.steps[1].num_bytes == 2 * len(V1)
    state(run, "model.ckpt-2-?????-of-00002")
    assert latest(run) == "run/model.ckpt-2-?????-of-00002"


def test_an_index_without_any_data_is_not_half_of_a_save(run: Path) -> None:
    save(run / "m-1")
    (run / "m-2.index").write_bytes(INDEX)
    history = read_history("run")
    assert [step.status for step in history.steps] == [Status.FINISHED, Status.DATA_MISSING]
    assert latest(run) == "run/m-1"
    state(run, "m-2")
    assert latest(run) == "run/m-2"
    (run / "m-1.index").unlink()
    (run / "checkpoint").unlink()
    assert latest(run) == "run/m-2"


def test_saves_of_tensorflow_1_are_unfinished_until_they_have_their_names(run: Path) -> None:
    save(run / "m-1")
    (run / "m-2.data-00000-of-00001.tempstate17").touch()
    assert unfinished(run) == {"m-2": "no file of it has its final name yet"}
    (run / "m-2.data-00000-of-00001.tempstate17").rename(run / "m-2.data-00000-of-00001")
    (run / "m-2.index.tempstate18").write_bytes(INDEX)
    assert unfinished(run) == {"m-2": "its index is not there"}
    assert latest(run) == "run/m-1"
    (run / "m-2.index.tempstate18").rename(run / "m-2.index")
    assert unfinished(run) == {}
    assert latest(run) == "run/m-2"


def test_saves_of_tensorflow_2_are_unfinished_until_the_index_has_its_end(run: Path) -> None:
    save(run / "m-1")
    (run / "m-2_temp").mkdir()
    (run / "m-2_temp" / "part-00000-of-00001.index").touch()
    assert unfinished(run) == {"m-2": "no file of it has its final name yet"}
    (run / "m-2.data-00000-of-00001").write_bytes(b"1234")
    for half in (b"", INDEX[:20], INDEX[:-1]):
        (run / "m-2.index").write_bytes(half)
        assert unfinished(run) == {"m-2": "its index has no end"}
        assert latest(run) == "run/m-1"
    (run / "m-2.index").write_bytes(INDEX)
    assert unfinished(run) == {}


def test_what_has_no_end_is_not_the_latest_though_the_state_file_names_it(run: Path) -> None:
    save(run / "m-1")
    save(run / "m-2")
    state(run, "m-2", "m-1")
    assert latest(run) == "run/m-2"
    (run / "m-2.index").write_bytes(INDEX[:-1])  # as while it is saved anew
    assert latest(run) == "run/m-1"


def test_a_part_of_the_data_is_half_of_a_save_unless_the_state_file_names_it(run: Path) -> None:
    save(run / "m-1")
    save(run / "m-2", shards=3)
    (run / "m-2.data-00001-of-00003").unlink()
    assert unfinished(run) == {"m-2": "only 2 of 3 data files are here"}
    assert latest(run) == "run/m-1"
    state(run, "m-2", "m-1")
    step = read_history("run").steps[-1]
    assert (step.status, step.note) == (Status.DATA_MISSING, "only 2 of 3 data files are here")
    assert latest(run) == "run/m-2"


def test_data_files_of_an_earlier_save_in_another_number_do_not_count(run: Path) -> None:
    save(run / "m", shards=3)
    save(run / "m", shards=1)  # the index says 1
    (run / "m.data-00002-of-00003").unlink()
    assert unfinished(run) == {}
    (run / "m.data-00000-of-00001").unlink()
    (run / "m.index").write_bytes(crafted.index([("w", FLOAT, [1])], head=crafted.header(3)))
    assert unfinished(run) == {"m": "only 2 of 3 data files are here"}


def test_a_missing_shard_of_v1_makes_it_unfinished(run: Path) -> None:
    (run / "m-00000-of-00002").write_bytes(V1)
    assert unfinished(run) == {"m-?????-of-00002": "only 1 of 2 shards are here"}
    (run / "m-00001-of-00002").write_bytes(V1[:-1])
    assert len(unfinished(run)) == 1
    (run / "m-00001-of-00002").write_bytes(V1)
    assert unfinished(run) == {}


def test_keras_checkpoints_are_steps_of_their_epochs(run: Path) -> None:
    for epoch in (2, 10):
        save(run / f"weights.{epoch:02d}.ckpt")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("metadata.json", "{}")
    (run / "epoch_11.keras").write_bytes(archive.getvalue())
    h5 = bytearray(b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00" + bytes(84))
    h5[28:36] = len(h5).to_bytes(8, "little")
    (run / "w.12-0.35.weights.h5").write_bytes(h5)
    history = read_history("run")
    assert [step.number for step in history.steps] == [2, 10, 11, 12]
    assert unfinished(run) == {}
    (run / "epoch_11.keras").write_bytes(archive.getvalue()[:-9])
    (run / "w.12-0.35.weights.h5").write_bytes(h5[:-1])
    assert unfinished(run) == dict.fromkeys(
        ["epoch_11.keras", "w.12-0.35.weights.h5"], "the file has no end"
    )
    assert latest(run) == "run/weights.10.ckpt"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("model.ckpt-1000", 1000),
        ("ckpt-7", 7),
        ("cp-0100.ckpt", 100),
        ("weights.05", 5),
        ("weights.02-0.35.ckpt", 2),
        ("weights.02-0.35.weights.h5", 2),
        ("weights-improvement-10-0.76.hdf5", 10),
        ("ep03-loss0.312-val_loss0.5.h5", 3),
        ("model_epoch12.h5", 12),
        ("epoch_3.keras", 3),
        ("vgg_16.ckpt", None),
        ("inception_v3.ckpt", None),
        ("model-1.5", None),
        ("model.ckpt", None),
    ],
)
def test_a_name_tells_its_step(name: str, number: int | None) -> None:
    assert step_number(name) == number


def test_a_thousand_checkpoints_are_one_look_at_the_directory(run: Path) -> None:
    for i in range(1000):
        save(run / f"ckpt-{i}")
    history = read_history("run")
    assert len(history.steps) == 1000
    assert latest(run) == "run/ckpt-999"


def test_what_is_no_directory_is_an_error(run: Path) -> None:
    with pytest.raises(CheckpointNotFound):
        read_history("nowhere")
    (run / "file").touch()
    with pytest.raises(CheckpointUnreadable, match="Not a directory"):
        read_history("run/file")


def test_a_directory_of_another_machine_tells_names_but_neither_times_nor_sizes() -> None:
    memory = fsspec.filesystem("memory")
    for step in (9, 10):
        memory.pipe(f"/history/m-{step}.index", INDEX)
        memory.pipe(f"/history/m-{step}.data-00000-of-00001", b"1234")
    memory.pipe("/history/m-11.data-00000-of-00001", b"1234")
    history = read_history("memory://history")
    assert [step.number for step in history.steps] == [9, 10, 11]
    assert {step.mtime_ns for step in history.steps} == {None}
    assert history.latest is not None
    assert history.latest.prefix == "memory://history/m-10"
    memory.pipe("/history/checkpoint", b'model_checkpoint_path: "m-9"')
    assert latest("memory://history") == "memory://history/m-9"


def test_a_directory_of_too_many_entries_is_looked_at_in_part_and_said(run, monkeypatch):
    monkeypatch.setattr(filesystem, "MAX_ENTRIES", 50)
    save(run / "m-1")
    for number in range(48):
        (run / f"{number}.png").write_bytes(b"")
    assert not filesystem.is_cut(str(run))
    assert read_history(str(run)).problems == ()
    with pytest.raises(CheckpointNotFound):
        locate(str(run / "m-2"))
    (run / "more.png").write_bytes(b"")
    assert filesystem.is_cut(str(run))
    assert len(filesystem.file_names(str(run))) == len(filesystem.items(str(run))) == 50
    (problem,) = read_history(str(run)).problems
    assert "only 50 of the files" in problem
    with pytest.raises(CheckpointUnreadable, match="more than 50 entries"):
        locate(str(run / "m-2"))  # that it is not there is not proved
    assert locate(str(run / "m-1")).prefix == str(run / "m-1")


def test_a_directory_of_forty_thousand_files_is_listed_whole(run):
    for number in range(40_000):
        os.close(os.open(run / f"{number}.png", os.O_CREAT))
    save(run / "m-1")
    assert not filesystem.is_cut(str(run))
    history = read_history(str(run))
    assert names(history) == ["m-1"]
    assert history.problems == ()
