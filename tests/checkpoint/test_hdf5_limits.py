"""A damaged HDF5 file gets a second of the processor; a sound one what it needs."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import h5py
import numpy as np
import pytest

import ckptls
from ckptls.checkpoint.core.errors import CheckpointDamaged

# What h5py takes to start, by the processor, on a slow machine.
START_SECONDS = 2.0


def endless(path: Path) -> None:
    """A file that sends the HDF5 library into a loop: the heap of names of a group is damaged."""
    with h5py.File(path, "w", libver="earliest") as file:
        for i in range(12):
            file.create_dataset(f"g{i % 3}/layer_{i}/w", data=np.zeros((2, 2), "f4"))
        file.attrs["layer_names"] = [b"a", b"b"]
    data = bytearray(path.read_bytes())
    for place, byte in ((3864, 240), (3865, 37), (22080, 0)):
        data[place] = byte
    path.write_bytes(data)


def seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_an_endless_loop_inside_of_the_library_ends_after_a_second(tmp_path: Path) -> None:
    endless(tmp_path / "m.h5")
    before = seconds_of_children()
    with pytest.raises(CheckpointDamaged, match="h5py took too long"):
        ckptls.open(tmp_path / "m.h5")
    assert seconds_of_children() - before < 1.0 + START_SECONDS


def test_a_sound_file_of_many_objects_may_take_longer(tmp_path: Path) -> None:
    """The more objects, the larger the file, and none of them takes long."""
    path = tmp_path / "m.h5"
    count = 3_000
    with h5py.File(path, "w", libver="latest") as file:  # the densest layout
        for i in range(count):
            file.create_dataset(f"layers/block_{i // 100}/layer_{i}/vars/0", data=np.zeros(2, "f4"))
    assert len(ckptls.list_names(path)) == count
    assert os.path.getsize(path) < 2_500_000
