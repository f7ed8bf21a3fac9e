"""A `Checkpoint` as Python's other objects: threads, copies, processes, interrupts, its end."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import FrameType

import h5py
import numpy as np
import pytest

import ckptls
from checkpoint import crafted_objects
from ckptls.checkpoint.core import errors
from ckptls.checkpoint.core.errors import CheckpointError, VariableNotFound
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.reader import read_checkpoint
from support.format_writers import WRITERS

COUNT = 40


def written(form: str, folder: Path) -> str:
    """A file in which the value of `w7` is three sevens."""
    values = {f"w{number}": np.full(3, number, np.float32) for number in range(COUNT)}
    return WRITERS[form](folder / "m", values)


def is_right(checkpoint: Checkpoint, name: str) -> bool:
    return checkpoint.read(name).tolist() == [int(name[1:])] * 3


COPIES: dict[str, Callable[[Checkpoint], Checkpoint]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda checkpoint: pickle.loads(pickle.dumps(checkpoint)),
}


@pytest.mark.parametrize("form", WRITERS)
def test_threads_read_at_once(tmp_path: Path, form: str) -> None:
    checkpoint = ckptls.open(written(form, tmp_path))
    start = threading.Barrier(8)

    def read_from(first: int) -> bool:
        start.wait(60)
        names = [*checkpoint.names[first:], *checkpoint.names[:first]]
        return all(is_right(checkpoint, name) for name in names)

    with checkpoint, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read_from, range(0, COUNT, COUNT // 8)))


@pytest.mark.parametrize("form", WRITERS)
def test_closing_while_others_read_does_no_harm(tmp_path: Path, form: str) -> None:
    checkpoint = ckptls.open(written(form, tmp_path))

    def read_all() -> bool:
        return all(is_right(checkpoint, name) for name in checkpoint)

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read_all) for _ in range(2)]
        for _ in range(6):
            checkpoint.close()
            wait(readers, 0.005)
    assert all(reader.result() for reader in readers)
    checkpoint.close()


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("form", WRITERS)
def test_a_copy_has_the_listing_and_reads_by_itself(tmp_path: Path, form: str, how: str) -> None:
    checkpoint = ckptls.open(written(form, tmp_path))
    assert is_right(checkpoint, "w3")
    checkpoint.tree  # noqa: B018
    other = COPIES[how](checkpoint)
    assert other is not checkpoint and other != checkpoint
    assert dict(other) == dict(checkpoint)
    assert (other.prefix, other.format, other.stamp) == (
        checkpoint.prefix,
        checkpoint.format,
        checkpoint.stamp,
    )
    assert other.tree.names_under("") == checkpoint.tree.names_under("")
    assert is_right(other, "w3")
    checkpoint.close()
    assert is_right(other, "w4") and is_right(checkpoint, "w4")
    other.close()
    assert is_right(checkpoint, "w5")
    checkpoint.close()


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_knows_objects_and_layers(tmp_path: Path, how: str) -> None:
    prefix = crafted_objects.write(tmp_path / "m", crafted_objects.GRAPH)
    checkpoint = read_checkpoint(prefix, with_objects=True)
    other = COPIES[how](checkpoint)
    assert other.object_graph is not None and checkpoint.object_graph is not None
    assert other.is_object_based and other.problems == checkpoint.problems
    key = f"net/w{crafted_objects.SUFFIX}"
    assert other.object_graph.full_names(key) == checkpoint.object_graph.full_names(key)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["layer_names"] = ["dense"]
        file.create_group("dense").attrs["weight_names"] = ["w"]
        file["dense/w"] = np.ones(3)
    named = ckptls.open(tmp_path / "m.h5")
    assert COPIES[how](named).layers == named.layers != ()


def test_errors_survive_the_way_to_another_process() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    kinds = [each for each in kinds if issubclass(each, CheckpointError)]
    assert len(kinds) > 5
    for kind in kinds:
        error = kind("it is damaged", "m.index", 7, "copy it again")
        other = pickle.loads(pickle.dumps(error))
        assert type(other) is kind and str(other) == str(error)
    missing = VariableNotFound("no variable `w`", "m", "did you mean `v`?", ("v",))
    assert pickle.loads(pickle.dumps(missing)).candidates == ("v",)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts what Linux shows")
@pytest.mark.parametrize("form", WRITERS)
def test_the_end_of_the_object_closes_its_files(tmp_path: Path, form: str) -> None:
    path = written(form, tmp_path)
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    gc.disable()
    try:
        for _ in range(3):
            checkpoint = ckptls.open(path)
            assert is_right(checkpoint, "w1")
            with pytest.raises(VariableNotFound):
                checkpoint.read("w1x")
            del checkpoint
            assert len(os.listdir("/proc/self/fd")) <= before
    finally:
        gc.enable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("form", WRITERS)
def test_a_forked_process_reads_by_itself(tmp_path: Path, form: str) -> None:
    """Also if another thread was reading at that moment."""
    with ckptls.open(written(form, tmp_path)) as checkpoint:
        assert is_right(checkpoint, "w1")
        is_over = threading.Event()

        def read_on() -> None:
            while not is_over.is_set():
                assert all(is_right(checkpoint, name) for name in checkpoint)

        thread = threading.Thread(target=read_on)
        thread.start()
        try:
            codes = []
            for _ in range(3):
                child = os.fork()
                if not child:
                    signal.alarm(60)
                    os._exit(0 if all(is_right(checkpoint, name) for name in checkpoint) else 3)
                codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        finally:
            is_over.set()
            thread.join()
        assert codes == [0, 0, 0]
        assert is_right(checkpoint, "w2")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such clock")
@pytest.mark.parametrize("form", WRITERS)
def test_values_are_right_after_an_interrupt(tmp_path: Path, form: str) -> None:
    """As Ctrl-C in a notebook does, which may come at any place."""
    checkpoint = ckptls.open(written(form, tmp_path))
    interrupts = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        inside = frame
        while inside is not None and inside.f_code.co_name != "attempt":
            inside = inside.f_back
        if inside is not None:
            raise KeyboardInterrupt

    def attempt(name: str, seconds: float) -> bool:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return is_right(checkpoint, name)

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for turn in range(30):
            name = f"w{turn % COUNT}"
            try:
                assert attempt(name, 0.00002 * (1 + turn))
            except KeyboardInterrupt:
                interrupts += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert is_right(checkpoint, f"w{(turn + 1) % COUNT}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        checkpoint.close()
    assert interrupts or sys.platform != "linux"
