"""Values of one variable: what was stored is read, and what cannot be right is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

import ckptls
from checkpoint import crafted
from checkpoint.crafted_values import (
    FULL,
    Part,
    bfloat16,
    bundle,
    data_file,
    entry,
    full_entry,
    slice_key,
    stored,
    strings,
    tensor_message,
    v1_file,
    v1_value,
)
from ckptls.checkpoint.arrays.stored_bytes import CHUNK_BYTES, read_stored
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointIncomplete,
    CheckpointNotFound,
    CheckpointUnsupported,
    VariableNotFound,
)
from ckptls.checkpoint.storage.filesystem import open_file
from ckptls.checkpoint.storage.local_file import OpenFile

VALUES = {
    "float32": np.array([[1.5, -2, np.nan], [np.inf, 0, -0.0]], np.float32),
    "scalar": np.array(7, np.int64),
    "negative": np.array([-1, 0, -(2**31), 2**31 - 1], np.int32),
    "large": np.array([-1, -(2**63), 2**63 - 1], np.int64),
    "bool": np.array([True, False]),
    "complex64": np.array([1 + 2j, -3j], np.complex64),
    "bfloat16": bfloat16([1.5, -2, 3e38]),
    "half": np.array([1.5, -2], np.float16),
    "empty": np.zeros((0, 3), np.float32),
    "no string": strings(),
    "words": strings(b"a", b"", b"x" * 300, "é".encode()),
}


def assert_equal(read: np.ndarray, expected: np.ndarray) -> None:
    assert (read.dtype, read.shape) == (expected.dtype, expected.shape)
    if expected.dtype == object:
        assert read.tolist() == expected.tolist()
    else:
        assert read.tobytes() == expected.tobytes()


@pytest.mark.parametrize("shards", [1, 3])
def test_a_bundle_gives_what_was_stored(tmp_path: Path, shards: int) -> None:
    checkpoint = ckptls.open(bundle(tmp_path / "m", VALUES, shards=shards))
    for name, values in VALUES.items():
        assert_equal(checkpoint.read(name), values)


@pytest.mark.parametrize("knobs", [crafted.PLAIN, crafted.SNAPPY, crafted.Knobs(block_bytes=1)])
def test_a_v1_file_gives_what_was_stored(tmp_path: Path, knobs: crafted.Knobs) -> None:
    (tmp_path / "m.ckpt").write_bytes(v1_file(VALUES, knobs))
    checkpoint = ckptls.open(tmp_path / "m.ckpt")
    for name, values in VALUES.items():
        assert_equal(checkpoint.read(name), values)


def test_load_variable_gives_scalars_as_tensorflow_does(tmp_path: Path) -> None:
    values = {"n": np.array(7, np.int64), "s": np.array(b"text", object), "v": np.zeros(2)}
    prefix = bundle(tmp_path / "m", values)
    assert isinstance(ckptls.load_variable(prefix, "n"), np.int64)
    assert ckptls.load_variable(prefix, "s") == b"text"
    assert isinstance(ckptls.load_variable(prefix, "v"), np.ndarray)


def test_values_may_be_written_to_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", {"a": np.ones(3)})
    before = data_file(prefix).read_bytes()
    ckptls.open(prefix).read("a")[:] = 5
    assert data_file(prefix).read_bytes() == before


def test_slices_are_put_together_along_any_axis(tmp_path: Path) -> None:
    whole = np.arange(24.0).reshape(4, 6)
    quarters = [
        Part(((row, 2), (column, 3)), whole[row : row + 2, column : column + 3].copy())
        for row in (0, 2)
        for column in (0, 3)
    ]
    texts = Part(((0, 2),), strings(b"a", b"b")), Part(((2, 1),), strings(b"c"))
    partitioned = {"w": ((4, 6), quarters), "words": ((3,), texts)}
    checkpoint = ckptls.open(bundle(tmp_path / "m", {}, partitioned, shards=2))
    assert_equal(checkpoint.read("w"), whole)
    assert checkpoint.read("words").tolist() == [b"a", b"b", b"c"]


SLICES = {
    "do not add up": [((0, 2),)],
    "overlap": [((0, 2),), ((0, 2),)],
    "outside": [((0, 2),), ((3, 2),)],
}


@pytest.mark.parametrize("what", SLICES)
def test_slices_that_are_not_the_variable_are_refused(tmp_path: Path, what: str) -> None:
    parts = [Part(extents, np.ones(2)) for extents in dict.fromkeys(SLICES[what])]
    listed = [Part(extents, np.ones(2)) for extents in SLICES[what]]
    prefix = bundle(tmp_path / "m", {}, {"w": ((4,), parts)})
    if len(listed) != len(parts):  # the same slice listed twice
        content, crc = stored(parts[0].values)
        rows = [
            (b"", crafted.header()),
            (slice_key("w", parts[0].extents), entry(parts[0].values, 0, 0, len(content), crc)),
            (b"w", full_entry((4,), "float64", listed)),
        ]
        Path(f"{prefix}.index").write_bytes(crafted.table(rows))
    with pytest.raises(CheckpointDamaged, match=what):
        ckptls.open(prefix).read("w")


def test_a_big_endian_bundle_is_swapped(tmp_path: Path) -> None:
    values = {
        "f": np.array([1.5, -2], np.float32),
        "c": np.array([1 + 2j], np.complex64),
        "b": bfloat16([1.5]),
        "u": np.array([7], np.uint8),
    }
    swapped = {
        "f": values["f"].byteswap(),
        "c": values["c"].byteswap(),
        "b": values["b"].view(np.uint16).byteswap().view(ml_dtypes.bfloat16),
        "u": values["u"],
    }
    head = crafted.header() + crafted.number_field(2, 1)
    checkpoint = ckptls.open(bundle(tmp_path / "m", swapped, head=head))
    for name, expected in values.items():
        assert_equal(checkpoint.read(name), expected)


def test_a_misspelt_name_gets_the_nearest_ones(tmp_path: Path) -> None:
    checkpoint = ckptls.open(bundle(tmp_path / "m", {"conv/weights": np.ones(1)}))
    with pytest.raises(VariableNotFound, match="did you mean `conv/weights`") as caught:
        checkpoint.read("conv/weight")
    assert caught.value.candidates == ("conv/weights",)


def test_a_missing_data_file_is_named_and_the_listing_works_without(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", {"a": np.ones(1), "b": np.ones(1)}, shards=2)
    data_file(prefix, 1, 2).unlink()
    checkpoint = ckptls.open(prefix)
    assert checkpoint.names == ("a", "b")
    assert checkpoint.read("a") == [1]
    with pytest.raises(CheckpointNotFound, match=r"m\.data-00001-of-00002` is not there"):
        checkpoint.read("b")


def test_a_data_file_that_is_too_short_is_refused(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", {"a": np.ones(2), "b": np.ones(2)})
    os.truncate(data_file(prefix), 24)
    assert ckptls.open(prefix).read("a").tolist() == [1, 1]
    with pytest.raises(CheckpointIncomplete, match=r"`b` should end at byte 32, .* at byte 24"):
        ckptls.open(prefix).read("b")


@pytest.mark.parametrize("values", [np.ones(4), strings(b"abcdefgh", b"ijklmnopqrstuvwx")])
def test_a_changed_byte_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    prefix = bundle(tmp_path / "m", {"a": values, "b": np.ones(1)})
    data = bytearray(data_file(prefix).read_bytes())
    data[20] ^= 1
    data_file(prefix).write_bytes(data)
    assert ckptls.open(prefix).read("b") == [1]
    with pytest.raises(CheckpointDamaged, match="values of `a` do not match their checksum"):
        ckptls.open(prefix).read("a")


def test_lengths_of_strings_that_do_not_match_are_refused(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", {"a": strings(b"abc", b"de")})
    data = bytearray(data_file(prefix).read_bytes())
    data[0], data[1] = data[1], data[0]
    data_file(prefix).write_bytes(data)
    with pytest.raises(CheckpointDamaged, match="lengths of its strings do not match"):
        ckptls.open(prefix).read("a")


def test_a_checkpoint_that_was_replaced_is_not_mixed_with_the_old_listing(tmp_path: Path) -> None:
    checkpoint = ckptls.open(bundle(tmp_path / "m", {"a": np.ones(2)}))
    bundle(tmp_path / "m", {"a": np.ones(2), "b": np.ones(2)})
    with pytest.raises(CheckpointIncomplete, match="replaced since it was listed"):
        checkpoint.read("a")


def test_variants_have_no_values(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(crafted.index([("a", 21, [])]))
    with pytest.raises(CheckpointUnsupported, match="variant cannot be read"):
        ckptls.open(tmp_path / "m").read("a")


def test_more_dimensions_than_numpy_has_are_refused(tmp_path: Path) -> None:
    one = np.zeros(1, np.float32)
    shape = crafted.bytes_field(2, crafted.shape_message([1] * 99))
    rows = [(b"", crafted.header()), (b"a", entry_at(one, 0) + shape)]  # the last shape counts
    (tmp_path / "m.index").write_bytes(crafted.table(rows))
    data_file(tmp_path / "m").write_bytes(one.tobytes())
    with pytest.raises(CheckpointUnsupported, match="no arrays of 99 dimensions"):
        ckptls.open(tmp_path / "m").read("a")


def v1_of(tensor: bytes, shape: list[int], dtype: int = crafted.FLOAT) -> bytes:
    extents = [FULL] * len(shape)
    value = v1_value("a", extents, tensor)
    return crafted.v1([("a", dtype, shape)], [(slice_key("a", extents), value)])


def test_v1_values_may_stand_singly(tmp_path: Path) -> None:
    floats = b"".join(
        crafted.fixed32_field(5, int.from_bytes(np.float32(x).tobytes(), "little")) for x in (1, 2)
    )
    (tmp_path / "f").write_bytes(v1_of(floats, [2]))
    numbers = crafted.number_field(7, 5) + crafted.number_field(7, -6)
    (tmp_path / "i").write_bytes(v1_of(numbers, [2], crafted.INT32))
    assert ckptls.open(tmp_path / "f").read("a").tolist() == [1, 2]
    assert ckptls.open(tmp_path / "i").read("a").tolist() == [5, -6]


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.int32, object])
def test_v1_values_of_another_count_are_refused(tmp_path: Path, count: int, dtype: type) -> None:
    """TensorFlow refuses them too: the last value is not repeated here."""
    number = {np.float32: 1, np.int32: 3, object: 7}[dtype]
    values = strings(*[b"x"] * count) if dtype is object else np.ones(count, dtype)
    (tmp_path / "m").write_bytes(v1_of(tensor_message(values), [3], number))
    with pytest.raises(CheckpointDamaged, match="`a`: "):
        ckptls.open(tmp_path / "m").read("a")


def test_of_a_v1_block_of_many_megabytes_only_the_tensor_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {
        "a": np.ones(3, np.float32),
        "big": np.arange(3_000_000, dtype=np.float32),
        "z": np.arange(-5, 200_000, dtype=np.int32),
    }
    (tmp_path / "m").write_bytes(v1_file(names, crafted.Knobs(block_bytes=1 << 30)))
    checkpoint = ckptls.open(tmp_path / "m")
    counted: list[int] = []
    read_at = OpenFile.read_at

    def counting(self: OpenFile, offset: int, count: int) -> bytes:
        counted.append(count)
        return read_at(self, offset, count)

    monkeypatch.setattr(OpenFile, "read_at", counting)
    for name, values in names.items():
        counted.clear()
        assert_equal(checkpoint.read(name), values)
        assert sum(counted) < values.nbytes + 100_000


PEAK = """
import resource, sys, numpy, ml_dtypes, ckptls, ckptls.checkpoint.formats.tensorflow.v2.v2_values
checkpoint = ckptls.open(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
values = checkpoint.read(sys.argv[2])
print(values.sum(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_one_small_variable_of_a_huge_data_file_takes_little_memory(tmp_path: Path) -> None:
    small = np.ones(1000, np.float32)
    prefix = bundle(tmp_path / "m", {"small": small})
    offset = 500_000_000
    index = crafted.table(
        [
            (b"", crafted.header()),
            (b"big", crafted.entry(crafted.FLOAT, [offset // 4], 0, offset)),
            (b"small", entry_at(small, offset)),
        ]
    )
    Path(f"{prefix}.index").write_bytes(index)
    with data_file(prefix).open("r+b") as file:
        file.seek(offset)
        file.write(small.tobytes())
    done = subprocess.run(
        [sys.executable, "-c", PEAK, prefix, "small"], capture_output=True, text=True, check=True
    )
    total, kilobytes = done.stdout.split()
    assert (float(total), int(kilobytes) < 20_000) == (1000, True)


def entry_at(values: np.ndarray, offset: int) -> bytes:
    data = values.tobytes()
    return entry(values, 0, offset, len(data), crafted.masked_crc(data))


TRUNCATED = """
import os, sys
import ckptls
file = sys.argv[2]
values = ckptls.open(sys.argv[1]).read(sys.argv[3])
os.truncate(file, 0)
values += 1
print(values.sum() == 2 * values.size, values.size)
"""
LARGE = 1 << 24  # elements of four bytes: 64 MiB


@pytest.mark.skipif(sys.platform == "win32", reason="open files are not cut short there")
@pytest.mark.parametrize("kind", ["V2", "safetensors", "npz"])
def test_array_survives_a_file_that_is_cut_short(tmp_path: Path, kind: str) -> None:
    values = {"a": np.ones(LARGE, np.float32)}
    path = tmp_path / {"V2": "m", "safetensors": "m.safetensors"}.get(kind, "m.npz")
    file = path
    if kind == "V2":
        bundle(path, values)
        file = tmp_path / "m.data-00000-of-00001"
    elif kind == "safetensors":
        safetensors.numpy.save_file(values, path)
    else:
        np.savez(path, **values)
    command = [sys.executable, "-c", TRUNCATED, str(path), str(file), "a"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"True {LARGE}\n", "")


def test_writing_to_an_array_leaves_the_file(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", {"a": np.ones(LARGE, np.float32)})
    read = ckptls.open(prefix).read("a")
    read[:] = 2
    assert ckptls.open(prefix).read("a")[0] == 1


def test_a_file_cut_short_while_a_value_is_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "values"
    path.write_bytes(bytes(3 * CHUNK_BYTES))
    with open_file(str(path)) as file:
        os.truncate(path, 2 * CHUNK_BYTES)
        with pytest.raises(CheckpointIncomplete, match="ended early"):
            read_stored(file, 0, 3 * CHUNK_BYTES)
        with pytest.raises(CheckpointIncomplete, match="should end at"):
            read_stored(file, 0, 4 * CHUNK_BYTES)


NUMPY_MISSING = """
import sys
sys.modules["numpy"] = None
import ckptls
try:
    ckptls.open(sys.argv[1]).read("a")
except ckptls.CheckpointError as error:
    print(error)
"""


def test_without_numpy_it_is_said_what_to_install(tmp_path: Path) -> None:
    prefix = bundle(tmp_path / "m", {"a": np.ones(1)})
    command = [sys.executable, "-c", NUMPY_MISSING, prefix]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ("values are read with NumPy; install it: pip install 'ckptls[values]'\n")
