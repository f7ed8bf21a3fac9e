"""Whatever a file of another format holds, it is listed and read, or refused; and quickly.

HDF5 is read in a process of its own, so it gets fewer examples: each costs the start of one.
"""

from __future__ import annotations

import io
import shutil
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

import ckptls
from ckptls.checkpoint.codecs import zstd_gzip
from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.formats import npz
from ckptls.checkpoint.formats.orbax import ocdbt, zarr
from ckptls.checkpoint.formats.pytorch import pickle_scanner, torch_names
from ckptls.checkpoint.reader import read_checkpoint
from support.values import read_value

FIXTURES = Path(__file__).parents[1] / "checkpoint" / "fixtures"
SLOW_SECONDS = 5.0  # a machine under load may halt a process for long


def npz_bytes(*, is_packed: bool) -> bytes:
    buffer = io.BytesIO()
    values = {"a": np.ones((2, 3)), "b/c": np.arange(4), "t": np.array(["x", "yz"])}
    (np.savez_compressed if is_packed else np.savez)(buffer, **values)
    return buffer.getvalue()


def hdf5_bytes() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["layer_names"] = ["d1", "d2"]
        for layer in ("d1", "d2"):
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/kernel:0", f"{layer}/bias:0"]
            for weight in ("kernel:0", "bias:0"):
                group[f"{layer}/{weight}"] = np.ones(3)
    return buffer.getvalue()


def archived(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


TENSORS = save({"a.w": np.ones((2, 3), np.float32), "b": np.arange(3)})
TRAINING = (FIXTURES / "pytorch" / "training.pt").read_bytes()
FILES = [
    TENSORS,
    npz_bytes(is_packed=False),
    npz_bytes(is_packed=True),
    TRAINING,
    (FIXTURES / "pytorch" / "script.pt").read_bytes(),
    *(
        (FIXTURES / "pytorch_kinds" / f"{name}.pt").read_bytes()
        for name in ("shared_before_1_6", "containers_protocol5_before_1_6", "before_0_2")
    ),
]


def pickle_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"{path.stem}/data.pkl")


PICKLES = [
    pickle_of(FIXTURES / "pytorch" / "training.pt"),
    *(
        pickle_of(FIXTURES / "pytorch_kinds" / f"{name}.pt")
        for name in ("keys", "containers", "nested", "quantized", "subclasses", "fx", "views")
    ),
]
HDF5 = hdf5_bytes()
KERAS = archived({"config.json": b'{"config": {"layers": []}}', "model.weights.h5": HDF5})

PLACE = st.floats(0, 1, exclude_max=True)
EDITS = st.lists(
    st.tuples(PLACE, st.sampled_from("siblnt"), st.integers(0, 255)), min_size=1, max_size=6
)
BLOWN = [b"\xff\xff\xff\xff", b"\xff" * 8, b"\0\0\0\x80", b"\xff\xff\xff\x7f", bytes(8)]


def edited(data: bytes, edits: list[tuple[float, str, int]]) -> bytes:
    """`data` with bytes set, inserted or deleted, bits flipped, lengths blown up, or cut off."""
    out = bytearray(data)
    for share, kind, byte in edits:
        place = int(share * len(out))
        if kind == "i":
            out.insert(place, byte)
        elif kind == "n":
            out[place : place + 8] = BLOWN[byte % len(BLOWN)]
        elif kind == "l":
            del out[place : place + byte % 16]
        elif kind == "t" and byte < 64:
            del out[place:]
        elif place < len(out):
            out[place] = byte if kind == "s" else out[place] ^ 1 << byte % 8
    return bytes(out)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "weights"


def read_or_refuse(path: Path) -> None:
    """List it, and read what it lists; the reader's own error is an answer, no other is."""
    start = time.monotonic()
    try:
        checkpoint = read_checkpoint(path, is_patient=False)
    except CheckpointError as error:
        assert str(error)
    else:
        assert list(checkpoint.names) == sorted(set(checkpoint.names))
        for name in checkpoint.names[:4]:
            try:
                value = read_value(checkpoint.prefix, name)
            except CheckpointError as error:
                assert str(error)
            else:
                assert value.shape == checkpoint[name].shape
    assert time.monotonic() - start < SLOW_SECONDS


def fuzzed(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture]
    )  # fmt: skip


@fuzzed(1500)
@given(base=st.sampled_from(FILES), edits=EDITS)
def test_a_mutated_file_is_read_or_refused(
    path: Path, base: bytes, edits: list[tuple[float, str, int]]
) -> None:
    path.write_bytes(edited(base, edits))
    read_or_refuse(path)


@fuzzed(1500)
@given(pickled=st.sampled_from(PICKLES), edits=EDITS)
def test_a_mutated_pickle_under_a_right_checksum_is_read_or_refused(
    path: Path, pickled: bytes, edits: list[tuple[float, str, int]]
) -> None:
    path.write_bytes(archived({"m/data.pkl": edited(pickled, edits), "m/data/0": bytes(64)}))
    read_or_refuse(path)


@fuzzed(1000)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_pickle_or_refused(data: bytes) -> None:
    try:
        found = torch_names.listed(pickle_scanner.read_pickle(data))
        assert all(found.tensors)
    except CheckpointError as error:
        assert str(error)


@fuzzed(500)
@given(head=st.text(max_size=200), edits=EDITS)
def test_a_mutated_header_of_tensors_is_read_or_refused(
    path: Path, head: str, edits: list[tuple[float, str, int]]
) -> None:
    count = int.from_bytes(TENSORS[:8], "little")
    for header in (edited(TENSORS[8 : 8 + count], edits), b"{" + head.encode()):
        path.write_bytes(len(header).to_bytes(8, "little") + header + TENSORS[8 + count :])
        read_or_refuse(path)


HEADER = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }".ljust(
    128
)


@fuzzed(1000)
@given(edits=EDITS)
def test_a_mutated_header_of_an_array_is_read_or_refused(
    edits: list[tuple[float, str, int]],
) -> None:
    try:
        header = npz.parse_header(edited(HEADER, edits))
        assert header.dtype
    except CheckpointError as error:
        assert str(error)


INDEX = b'{"metadata": {}, "weight_map": {"a": "m-1", "b": ["m-1", "m-2"]}}'


@fuzzed(300)
@given(edits=EDITS)
def test_a_mutated_index_of_shards_is_read_or_refused(
    path: Path, edits: list[tuple[float, str, int]]
) -> None:
    path.write_bytes(edited(INDEX, edits))
    (path.parent / "m-1").write_bytes(TENSORS)
    read_or_refuse(path)


ORBAX = [
    (name, str(file.relative_to(FIXTURES / "orbax" / name)))
    for name in ("database", "database_zarr3", "files", "files_zarr3")
    for file in sorted((FIXTURES / "orbax" / name).rglob("*"))
    if file.is_file()
]


@fuzzed(400)
@given(which=st.sampled_from(ORBAX), edits=EDITS)
def test_a_mutated_orbax_file_is_read_or_refused(
    path: Path, which: tuple[str, str], edits: list[tuple[float, str, int]]
) -> None:
    directory = path.parent / which[0]
    if not directory.exists():
        shutil.copytree(FIXTURES / "orbax" / which[0], directory)
    target = directory / which[1]
    original = target.read_bytes()
    try:
        target.write_bytes(edited(original, edits))
        read_or_refuse(directory)
    finally:
        target.write_bytes(original)


AGGREGATE = (  # {"w": an array of int16 [2], "deep": {"a": 0.5, "b": a placeholder}, "n": 3}
    b"\x83\xa1w\xc7\x0f\x01\x93\x91\x02\xa5int16\xc4\x04\x01\x00\x02\x00\xa4deep\x82"
    b"\xa1a\xcb?\xe0\0\0\0\0\0\0\xa1b\xafPLACEHOLDER://x\xa1n\xd3\0\0\0\0\0\0\0\x03"
)


@fuzzed(1000)
@given(edits=EDITS)
def test_a_mutated_aggregated_tree_is_read_or_refused(
    path: Path, edits: list[tuple[float, str, int]]
) -> None:
    directory = path.parent / "aggregated"
    directory.mkdir(exist_ok=True)
    (directory / "checkpoint").write_bytes(edited(AGGREGATE, edits))
    read_or_refuse(directory)


DISTRIBUTED = FIXTURES / "pytorch_kinds" / "sharded"


@fuzzed(400)
@given(
    name=st.sampled_from([".metadata", ".metadata", "__0_0.distcp"]),
    edits=EDITS,
)
def test_a_mutated_distributed_checkpoint_is_read_or_refused(
    path: Path, name: str, edits: list[tuple[float, str, int]]
) -> None:
    directory = path.parent / "distributed"
    if not directory.exists():
        shutil.copytree(DISTRIBUTED, directory)
    target = directory / name
    original = target.read_bytes()
    try:
        target.write_bytes(edited(original, edits))
        read_or_refuse(directory)
    finally:
        target.write_bytes(original)


def bodies(name: str) -> list[bytes]:
    """The unpacked manifests and nodes of a database: what its checksums would protect."""
    found = []
    for file in sorted((FIXTURES / "orbax" / name).rglob("*")):
        data = file.read_bytes() if file.is_file() else b""
        if data[:2] == b"\x0c\xdb":
            found.append(zstd_gzip.decoded(data[14:-4], 1 << 20) if data[13] else data[14:-4])
    return found


MANIFEST = zstd_gzip.decoded(
    (FIXTURES / "orbax" / "database" / "manifest.ocdbt").read_bytes()[14:-4], 1 << 20
)


@fuzzed(1500)
@given(body=st.sampled_from([*bodies("database"), *bodies("database_zarr3")]), edits=EDITS)
def test_a_mutated_node_under_a_right_checksum_is_read_or_refused(
    body: bytes, edits: list[tuple[float, str, int]]
) -> None:
    data = edited(body, edits)
    for decode in (ocdbt.newest_root, lambda data: ocdbt.Node(data, "", data[0] if data else 0)):
        try:
            decode(data)
        except CheckpointError as error:
            assert str(error)


@fuzzed(600)
@given(
    which=st.sampled_from([w for w in ORBAX if w[1].endswith(("zarr.json", ".zarray"))]),
    edits=EDITS,
)
def test_a_mutated_description_of_an_array_is_read_or_refused(
    which: tuple[str, str], edits: list[tuple[float, str, int]]
) -> None:
    data = (FIXTURES / "orbax" / which[0] / which[1]).read_bytes()
    try:
        array = zarr.describe(edited(data, edits), "w")
        if max([*array.shape, *array.chunks, 1]) < 1000:
            zarr.value(array, lambda key: data, "w")
    except CheckpointError as error:
        assert str(error)


@fuzzed(60)
@given(base=st.sampled_from([HDF5, KERAS]), edits=EDITS)
def test_a_mutated_hdf5_file_is_read_or_refused(
    path: Path, base: bytes, edits: list[tuple[float, str, int]]
) -> None:
    path.write_bytes(edited(base, edits))
    try:
        read_checkpoint(path, is_patient=False)
    except CheckpointError as error:
        assert str(error)


def test_the_files_that_are_mutated_are_sound(path: Path) -> None:
    directory = path.parent / "sound"
    directory.mkdir()
    (directory / "checkpoint").write_bytes(AGGREGATE)
    assert ckptls.list_names(directory) == ["deep/a", "n", "w"]
    assert len(ckptls.open(DISTRIBUTED)) == 3
    for data in (*FILES, HDF5, KERAS):
        path.write_bytes(data)
        assert len(ckptls.open(path))
    assert ocdbt.newest_root(MANIFEST)
