"""One entry of an index, found without reading the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT, Knobs
from checkpoint.crafted_values import Part, bundle
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointNotFound
from ckptls.checkpoint.formats.tensorflow.v2.index_reader import (
    IndexReader,
    all_entries,
    data_path,
    find_entry,
    num_shards,
)
from ckptls.checkpoint.storage.local_file import OpenFile

NAMES = [f"net/layer_{i}/{leaf}" for i in range(60) for leaf in ("b", "w")]
LAYOUTS = [
    Knobs(),
    Knobs(is_compressed=True),
    Knobs(block_bytes=64),
    Knobs(block_bytes=64, restart_interval=1),
    Knobs(block_bytes=1, restart_interval=3),
]


def written(tmp_path: Path, names: list[str], knobs: Knobs = crafted.PLAIN) -> str:
    path = tmp_path / "m.index"
    path.write_bytes(crafted.index([(name, FLOAT, [2, 3]) for name in names], knobs))
    return str(path)


@pytest.mark.parametrize("knobs", LAYOUTS)
def test_each_entry_is_found_in_every_layout(tmp_path: Path, knobs: Knobs) -> None:
    path = written(tmp_path, NAMES, knobs)
    entries = {entry.name: entry for entry in all_entries(path)}
    assert list(entries) == sorted(NAMES)
    for number, name in enumerate(sorted(NAMES)):
        assert find_entry(path, name) == entries[name]
        assert (entries[name].offset_bytes, entries[name].size_bytes) == (24 * number, 24)
        assert entries[name].crc32c == 0x12345678


@pytest.mark.parametrize("knobs", LAYOUTS)
@pytest.mark.parametrize("name", ["", "a", "net/layer_1", "net/layer_1/c", "zz", "\0", "\ud800"])
def test_a_name_that_is_not_there_is_not_found(tmp_path: Path, knobs: Knobs, name: str) -> None:
    assert find_entry(written(tmp_path, NAMES, knobs), name) is None


def test_one_entry_of_many_takes_one_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, [f"v{i:06d}" for i in range(20_000)])
    counted: list[int] = []
    read_at = OpenFile.read_at

    def counting(self: OpenFile, offset: int, count: int) -> bytes:
        counted.append(count)
        return read_at(self, offset, count)

    monkeypatch.setattr(OpenFile, "read_at", counting)
    assert find_entry(path, "v010000") is not None
    assert sum(counted) < Path(path).stat().st_size / 20


def test_names_that_are_not_ascii_or_no_text_are_those_of_the_listing(tmp_path: Path) -> None:
    entries = [(b"", crafted.header())]
    keys = [b"a\\xff", b"caf\xc3\xa9", b"raw\xff/w", "名前".encode()]
    entries += [(key, crafted.entry(FLOAT, [], size=4)) for key in keys]
    path = tmp_path / "m.index"
    path.write_bytes(crafted.table(entries))
    for name in ("a\\xff", "café", "raw\\xff/w", "名前"):
        found = find_entry(str(path), name)
        assert found is not None and found.name == name
    assert [entry.key for entry in all_entries(str(path))] == keys


def test_a_partitioned_variable_is_one_entry_with_its_slices(tmp_path: Path) -> None:
    halves = [Part(((0, 2), (0, -1)), np.zeros((2, 3))), Part(((2, 2), (0, -1)), np.ones((2, 3)))]
    prefix = bundle(tmp_path / "m", {"a": np.zeros(1)}, {"emb": ((4, 3), halves)})
    path = f"{prefix}.index"
    assert [entry.name for entry in all_entries(path)] == ["a", "emb"]
    entry = find_entry(path, "emb")
    assert entry is not None and entry.slices == tuple(half.extents for half in halves)
    with IndexReader(path) as index:
        parts = [index.find_key(key) for key in entry.slice_keys()]
    assert [(part.shape, part.offset_bytes) for part in parts if part] == [
        ((2, 3), 0),
        ((2, 3), 48),
    ]


def test_the_header_tells_the_number_of_data_files(tmp_path: Path) -> None:
    assert num_shards(bundle(tmp_path / "m", {"a": np.zeros(1)}, shards=3) + ".index") == 3
    assert data_path("run/m", 1, 3) == "run/m.data-00001-of-00003"


BAD_ENTRIES = {
    "a negative offset or size": crafted.entry(FLOAT, [2], size=8) + crafted.number_field(4, -1),
    "takes 4 bytes where its shape and dtype need 8": crafted.entry(FLOAT, [2], size=4),
    "lies in shard": crafted.entry(FLOAT, [2], size=8) + crafted.number_field(3, 1 << 40),
    "ends beyond any file": crafted.entry(7, [2], (1 << 63) - 1, 8),
    "another rank": crafted.entry(FLOAT, [2]) + crafted.bytes_field(7, b""),
}


@pytest.mark.parametrize("what", BAD_ENTRIES)
def test_an_impossible_entry_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "m.index"
    path.write_bytes(crafted.table([(b"", crafted.header()), (b"a", BAD_ENTRIES[what])]))
    with pytest.raises(CheckpointDamaged, match=what) as caught:
        find_entry(str(path), "a")
    assert caught.value.path == str(path)


def test_a_flipped_bit_in_its_block_is_refused_and_in_another_one_not_seen(tmp_path: Path) -> None:
    path = written(tmp_path, NAMES, Knobs(block_bytes=64))
    data = bytearray(Path(path).read_bytes())
    data[30] ^= 1
    Path(path).write_bytes(data)
    with pytest.raises(CheckpointDamaged, match="checksum"):
        find_entry(path, min(NAMES))
    assert find_entry(path, max(NAMES)) is not None


def test_an_index_that_is_not_there_or_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFound):
        find_entry(str(tmp_path / "m.index"), "a")
    (tmp_path / "m.index").write_bytes(b"nothing" * 20)
    with pytest.raises(CheckpointError, match="bad magic"):
        num_shards(str(tmp_path / "m.index"))
