"""Formats beyond TensorFlow's own: found by content, in files, shards and directories."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import ckptls
from checkpoint import crafted
from ckptls.checkpoint.core.errors import (
    CheckpointAmbiguous,
    CheckpointDamaged,
    CheckpointError,
    CheckpointNotFound,
    CheckpointUnsupported,
)
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify
from support.formats import (
    FIXTURES,
    OTHERS,
    TORCH_TENSOR,
    flat,
    listed,
    write_each,
    write_shards,
    write_torch,
)
from support.problems import sentences
from support.values import read_value, read_values


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("form", OTHERS, ids=lambda form: form.value)
def test_a_format_is_known_by_content_whatever_the_name(folder: Path, form: Format) -> None:
    path = write_each(folder)[form]
    checkpoint = ckptls.open(path)
    assert checkpoint.format is form
    if form not in (Format.ORBAX, Format.PYTORCH_DISTRIBUTED):
        assert ckptls.list_variables(path) == [("w", [2, 3])]
        assert read_value(str(path), "w").tobytes() in (
            np.ones((2, 3), "f4").tobytes(),
            bytes(24),
        )


@pytest.mark.parametrize("form", OTHERS, ids=lambda form: form.value)
def test_a_name_that_is_not_there_is_a_key_error(folder: Path, form: Format) -> None:
    with pytest.raises(KeyError):
        read_value(str(write_each(folder)[form]), "nothing of that name")


def test_the_one_checkpoint_of_a_directory_is_found(folder: Path) -> None:
    write_each(folder)[Format.NPZ].rename(folder / "a")
    (folder / "run").mkdir()
    (folder / "a").rename(folder / "run" / "weights.npz")
    (folder / "run" / "notes.txt").write_text("not a checkpoint")
    assert ckptls.open("run").prefix == os.path.join("run", "weights.npz")


def test_several_files_of_a_directory_are_a_choice(folder: Path) -> None:
    for name in ("m-10.npz", "m-9.npz"):
        np.savez(name, w=np.ones(1))
    with pytest.raises(CheckpointAmbiguous) as caught:
        ckptls.open(".")
    assert [os.path.basename(path) for path in caught.value.candidates] == ["m-9.npz", "m-10.npz"]


def test_a_tensorflow_checkpoint_goes_before_other_files(folder: Path) -> None:
    np.savez("m.npz", w=np.ones(1))
    Path("model.ckpt.index").write_bytes(crafted.index([("v", crafted.FLOAT, [1])]))
    assert ckptls.list_variables(".") == [("v", [1])]


def test_the_modules_of_formats_are_not_loaded_for_tensorflow_files(folder: Path) -> None:
    Path("m.index").write_bytes(crafted.index([("v", crafted.FLOAT, [1])]))
    Path("v1").write_bytes(crafted.v1([("v", crafted.FLOAT, [1])]))
    code = (
        "import sys, ckptls; ckptls.open('m'); ckptls.open('v1')\n"
        "print([m for m in sys.modules if m.startswith('ckptls.') and 'detection' in m]"
        " + [m for m in ('numpy', 'zipfile', 'json', 'h5py') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_listing_needs_no_numpy(folder: Path) -> None:
    paths = write_each(folder)
    without = [str(path) for form, path in paths.items() if form not in (Format.HDF5, Format.KERAS)]
    code = (
        "import sys, ckptls; sys.modules['numpy'] = None\n"
        "for path in sys.argv[1:]: assert ckptls.list_variables(path)"
    )
    subprocess.run([sys.executable, "-c", code, *without], check=True)


def test_a_library_that_is_missing_is_named_with_its_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_each(folder)[Format.SAFETENSORS]
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(CheckpointUnsupported, match=r"pip install 'ckptls\[values\]'"):
        read_value(str(path), "w")


# -- shards ---------------------------------------------------------------------------------


def test_shards_are_one_checkpoint_by_index_or_directory(folder: Path) -> None:
    path = write_shards(folder, {"a": "m-1.safetensors", "b": "m-2.safetensors"})
    checkpoint = ckptls.open(folder)
    assert checkpoint.prefix == str(path)
    assert checkpoint.names == ("a", "b")
    assert checkpoint.files == (str(path), *(str(folder / f"m-{n}.safetensors") for n in (1, 2)))
    assert read_value(str(path), "b").tolist() == [1, 1]


def test_a_shard_that_is_not_here_is_told(folder: Path) -> None:
    path = write_shards(folder, {"a": "m-1.safetensors", "c": "m-3.safetensors"})
    checkpoint = ckptls.open(path)
    assert checkpoint.names == ("a",)
    assert sentences(checkpoint) == (
        "1 of its 2 files are not here, such as `m-3.safetensors`; "
        "the variables in them are not listed",
    )


def test_an_index_without_any_shard_is_not_found(folder: Path) -> None:
    path = write_shards(folder, {"c": "m-3.safetensors"})
    with pytest.raises(CheckpointNotFound, match="none of its 1 files is there"):
        ckptls.open(path)


@pytest.mark.parametrize("name", ["../m-1.safetensors", "/etc/passwd", "..", "s3://b/x", "a\\b", 3])
def test_an_index_leads_nowhere_else(folder: Path, name: object) -> None:
    with pytest.raises(CheckpointDamaged, match="names a file that is not beside it"):
        ckptls.open(write_shards(folder, {"a": name}))


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n",
        b"<!DOCTYPE html><html></html>",
        bytes(64),
    ],
    ids=["empty", "Git LFS", "HTML", "zeros"],
)
def test_a_shard_that_cannot_be_read_is_named_by_the_folder_too(
    folder: Path, number: int, data: bytes
) -> None:
    path = write_shards(folder, {"a": "m-1.safetensors", "b": "m-2.safetensors"})
    (folder / f"m-{number}.safetensors").write_bytes(data)
    for given in (path, folder):
        with pytest.raises(CheckpointError, match=f"m-{number}.safetensors"):
            ckptls.open(given)


def test_the_first_shard_alone_does_not_decide_what_the_others_are(folder: Path) -> None:
    path = write_shards(
        folder, {"a": "m-0.safetensors", "b": "m-1.safetensors", "c": "m-2.safetensors"}
    )
    np.savez(folder / "other.npz", a=np.zeros(1))
    (folder / "other.npz").rename(folder / "m-0.safetensors")
    with pytest.raises(CheckpointError, match=r"m-0\.safetensors"):
        ckptls.open(path)


# -- safetensors and NumPy ------------------------------------------------------------------


def safetensors_bytes(header: str, data: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header.encode() + data


F32 = '{"w":{"dtype":"F32","shape":[%s],"data_offsets":[%s]}}'


@pytest.mark.parametrize(
    ("header", "data", "sentence"),
    [
        (F32 % ("2", "0,8"), bytes(4), "ends early"),
        (F32 % ("2", "0,4"), bytes(4), r"4 bytes, and float32 \[2\] needs 8"),
        (F32 % ("-1", "0,4"), bytes(4), "shape of `w` is invalid"),
        (F32 % ("4611686018427387904,4", "0,4"), bytes(4), "more elements than there can be"),
        (F32 % ("1", "4,8"), bytes(8), "leaves a hole"),
        (F32 % ("true", "0,4"), bytes(4), "shape of `w` is invalid"),
        ('{"w":1}', b"", "invalid entry for `w`"),
        ('{"w":{},"w":{}}', b"", "a key occurs twice"),
        ("{" + "[" * 2000, b"", "not a list of tensors"),
    ],
)
def test_a_safetensors_header_that_cannot_be_is_refused(
    folder: Path, header: str, data: bytes, sentence: str
) -> None:
    Path("m").write_bytes(safetensors_bytes(header, data))
    with pytest.raises(CheckpointDamaged, match=sentence):
        ckptls.open("m")


def npy(header: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", ("float32", (2, 3))),
        ("{'descr':'<f8','fortran_order':False,'shape':(2,)}\n", ("float64", (2,))),
        ("{'shape': (3L, 4L), 'descr': '>i8', 'fortran_order': True}", ("int64", (3, 4))),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", ("object", (1,))),
        ("{'descr': [('a', '<f4'), ('b', '<i4', (2,))], 'fortran_order': False, 'shape': ()}",
         ("unknown(structured)", ())),
    ],
)  # fmt: skip
def test_a_numpy_header_is_read_as_numpy_writes_it(
    folder: Path, header: str, kind: tuple[str, tuple[int, ...]]
) -> None:
    with zipfile.ZipFile("m", "w") as archive:
        archive.writestr("w.npy", npy(header))
    assert listed("m") == {"w": kind}


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': __import__('os').system('x')}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "[" * 5000,
    ],
)
def test_a_numpy_header_of_another_form_is_refused(folder: Path, header: str) -> None:
    with zipfile.ZipFile("m", "w") as archive:
        archive.writestr("w.npy", npy(header))
    with pytest.raises(CheckpointDamaged, match=r"NumPy header|shape"):
        ckptls.open("m")


def test_an_array_is_not_unpacked_to_list_it(folder: Path) -> None:
    np.savez_compressed("bomb.npz", w=np.zeros(20_000_000, np.float64))
    assert listed("bomb.npz") == {"w": ("float64", (20_000_000,))}
    with pytest.raises(CheckpointUnsupported, match="would grow from"):
        read_value("bomb.npz", "w")


def test_objects_in_an_array_are_listed_and_never_unpickled(folder: Path) -> None:
    np.savez("m.npz", w=np.array([Evil("touched")], dtype=object))
    assert listed("m.npz") == {"w": ("object", (1,))}
    with pytest.raises(CheckpointUnsupported, match="object values, which are not read"):
        read_value("m.npz", "w")
    assert not Path("touched").exists()


@pytest.mark.parametrize("shape", ["(4000000000000,)", "(2, 2000000, 1000000)"])
def test_an_array_that_claims_to_be_huge_is_listed_and_never_allocated(
    folder: Path, shape: str
) -> None:
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % shape  # noqa: UP031
    with zipfile.ZipFile("m.npz", "w") as archive:
        archive.writestr("w.npy", npy(header))
    assert list(listed("m.npz")) == ["w"]
    with pytest.raises(CheckpointDamaged, match="and its header needs 16,000,000,000,000"):
        read_value("m.npz", "w")
    assert "needs 16,000,000,000,000" in str(verify(locate("m.npz")).problems[0])


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_changed_byte_in_an_array_is_noticed(folder: Path, is_packed: bool) -> None:
    save = np.savez_compressed if is_packed else np.savez
    save("m.npz", v=np.arange(9.0), w=np.arange(5_000, dtype=np.float32))
    assert verify(locate("m.npz")).is_sound
    with zipfile.ZipFile("m.npz") as archive:
        place = archive.getinfo("w.npy").header_offset + 1_500
    data = bytearray(Path("m.npz").read_bytes())
    data[place] ^= 0x40
    Path("m.npz").write_bytes(data)
    report = verify(locate("m.npz"))
    assert [each.variable for each in report.problems] == ["w"] and report.tensors == 1
    assert flat(read_value("m.npz", "v")) == list(range(9))
    with pytest.raises(CheckpointDamaged):
        read_value("m.npz", "w")


def test_an_array_of_objects_is_a_problem_and_other_members_get_a_note(folder: Path) -> None:
    with open("m.npz", "wb") as file:
        np.savez(file, allow_pickle=False, w=np.ones(2))
    with zipfile.ZipFile("m.npz", "a") as archive:
        archive.writestr("README", "hello")
    report = verify(locate("m.npz"))
    assert report.problems == [] and "not arrays are not listed: `README`" in " ".join(
        str(note) for note in report.notes
    )
    np.savez("m.npz", w=np.ones(2), v=np.array([Evil("touched")], dtype=object))
    report = verify(locate("m.npz"))
    assert [each.variable for each in report.problems] == ["v"]
    assert not Path("touched").exists()


def test_a_name_that_occurs_twice_in_an_archive_is_refused(folder: Path) -> None:
    with zipfile.ZipFile("m", "w") as archive, pytest.warns(UserWarning):
        for _ in range(2):
            archive.writestr("w.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}"))
    with pytest.raises(CheckpointDamaged, match=r"holds `w\.npy` twice"):
        ckptls.open("m")


def test_another_zip_archive_is_no_checkpoint(folder: Path) -> None:
    with zipfile.ZipFile("m", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(CheckpointUnsupported, match="not of Keras, PyTorch or NumPy"):
        ckptls.open("m")


# -- PyTorch --------------------------------------------------------------------------------


class Evil:
    """Its pickle makes a file when it is loaded."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


def expected(name: str) -> dict[str, dict[str, object]]:
    rows: dict[str, dict[str, object]] = json.loads((FIXTURES / f"{name}.json").read_text())
    return rows


@pytest.mark.parametrize("name", ["training", "types", "protocol4", "module", "script"])
def test_a_pytorch_file_is_listed_as_by_pytorch(name: str) -> None:
    path = FIXTURES / "pytorch" / f"{name}.pt"
    rows = expected(f"pytorch/{name}")
    assert listed(path) == {k: (row["dtype"], tuple(row["shape"])) for k, row in rows.items()}
    for key, row in rows.items():
        if row["values"] is not None:
            assert flat(read_value(str(path), key)) == row["values"], key


@pytest.mark.parametrize("name", ["sparse", "meta"])
def test_elements_that_are_in_no_one_place_are_listed_only(name: str) -> None:
    with pytest.raises(CheckpointUnsupported, match="listed only"):
        read_value(str(FIXTURES / "pytorch" / "types.pt"), name)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_a_command_runs_nothing(folder: Path, protocol: int) -> None:
    write_torch(Path("m"), pickle.dumps({"w": Evil("touched"), "n": 1}, protocol))
    assert listed("m") == {}
    Path("plain.pkl").write_bytes(pickle.dumps(Evil("touched"), protocol))
    with pytest.raises(CheckpointError):
        ckptls.open("plain.pkl")
    assert not Path("touched").exists()


def test_tensors_beside_a_hostile_object_are_listed(folder: Path) -> None:
    evil = pickle.dumps(Evil("touched"), 2)[2:-1]
    write_torch(Path("m"), TORCH_TENSOR[:-1] + b"X\x01\0\0\0e" + evil + b"s.")
    assert listed("m") == {"w": ("float32", (2, 3))}
    assert not Path("touched").exists()


def nested(depth: int) -> bytes:
    return b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."


@pytest.mark.parametrize(
    "pickled",
    [
        b"",
        b"\x80\x02.",
        b"\x80\x02K\x01",
        b"\x80\x02K\x01K\x02a.",
        b"\x80\x02h\x05.",
        b"\x80\x02}K\x01s.",
        TORCH_TENSOR.replace(b"K\x02K\x03\x86", b"J\xff\xff\xff\xffK\x03\x86"),
        TORCH_TENSOR.replace(b"K\x06tQ", b"tQ"),
    ],
)
def test_a_pickle_that_cannot_be_is_refused(folder: Path, pickled: bytes) -> None:
    write_torch(Path("m"), pickled)
    with pytest.raises(CheckpointDamaged):
        ckptls.open("m")


def test_containers_within_themselves_are_walked_once(folder: Path) -> None:
    loop = b"}q\0X\x04\0\0\0selfh\0s"
    write_torch(Path("m"), b"\x80\x02" + loop + TORCH_TENSOR[3:])
    assert listed("m") == {"w": ("float32", (2, 3))}
    write_torch(Path("deep"), nested(100_000))
    assert listed("deep") == {}


def test_a_tensor_beyond_its_storage_is_not_read(folder: Path) -> None:
    write_torch(Path("m"), TORCH_TENSOR, bytes(20))
    assert listed("m") == {"w": ("float32", (2, 3))}
    with pytest.raises(CheckpointDamaged, match="past the end of its storage"):
        read_value("m", "w")


def test_one_value_spread_over_a_giant_shape_is_not_read(folder: Path) -> None:
    spread = TORCH_TENSOR.replace(
        b"K\x02K\x03\x86K\x03K\x01\x86", b"J\0\0\0\x7fK\x03\x86K\0K\0\x86"
    )
    write_torch(Path("m"), spread)
    assert listed("m") == {"w": ("float32", (0x7F000000, 3))}
    with pytest.raises(CheckpointUnsupported, match="would grow"):
        read_value("m", "w")


# -- HDF5 -----------------------------------------------------------------------------------


def test_links_out_of_an_hdf5_file_are_not_followed(folder: Path) -> None:
    with h5py.File("other.h5", "w") as other:
        other["secret"] = np.ones(3)
    with h5py.File("m.h5", "w") as file:
        file["w"] = np.ones(2, np.float32)
        file["soft"] = h5py.SoftLink("/w")
        file["external"] = h5py.ExternalLink("other.h5", "/secret")
        file.create_group("loop")["again"] = file["/"]
    assert listed("m.h5") == {"w": ("float32", (2,))}
    assert sentences(ckptls.open("m.h5")) == (
        "`external` is not listed: a link that leads to another file",
        "links to what is listed under another name are not listed: `soft` and 1 more",
    )


def test_a_link_within_an_hdf5_file_is_no_problem_and_one_to_nothing_is(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        file["w"] = np.ones(2, np.float32)
        file["soft"] = h5py.SoftLink("/w")
        file["again"] = h5py.SoftLink("soft")
        file["hard"] = file["w"]
    remark = "links to what is listed under another name are not listed: `again` and 2 more"
    problems = sentences(ckptls.open("m.h5"))
    assert problems == (remark,)
    assert ckptls.open("m.h5").problems[0].is_note
    with h5py.File("m.h5", "a") as file:
        file["lost"] = h5py.SoftLink("/nothing")
        file["loop"] = h5py.SoftLink("/loop")
    assert sentences(ckptls.open("m.h5")) == (
        "`loop` and 1 more is not listed: a link that leads to nothing",
        remark,
    )


def test_data_sets_that_no_layer_names_are_named_as_not_listed(folder: Path) -> None:
    with write_layer(["dense"], ["b:0"]) as file:
        file["dense/loose"] = np.ones(3)
        file["labels"] = np.ones(4)
    checkpoint = ckptls.open("m.h5")
    assert checkpoint.names == ("b:0",)
    assert sentences(checkpoint) == (
        "data sets that no layer names are not listed: `labels` and 1 more",
    )
    assert checkpoint.problems[0].is_note


def test_a_data_set_without_a_shape_is_no_damage(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        file["w"] = np.ones(2)
        file["nothing"] = h5py.Empty("f4")
    assert listed("m.h5") == {"nothing": ("unknown(empty)", ()), "w": ("float64", (2,))}
    assert not verify(locate("m.h5")).problems


def test_members_that_are_not_arrays_are_named(folder: Path) -> None:
    with zipfile.ZipFile("m.npz", "w") as archive:
        for name in ("a.npy", "b"):  # NumPy goes by the first bytes, not by the ending
            with archive.open(name, "w") as member:
                np.lib.format.write_array(member, np.arange(3))
        archive.writestr("README.txt", "x")
        archive.writestr("folder/", "")
    with np.load("m.npz") as truth:
        assert truth["b"].tolist() == read_value("m.npz", "b").tolist() == [0, 1, 2]
    checkpoint = ckptls.open("m.npz")
    assert checkpoint.names == ("a", "b")
    assert sentences(checkpoint) == (
        "members of the archive that are not arrays are not listed: `README.txt`",
    )


def write_layer(layers: list[str], weights: list[str]) -> h5py.File:
    file = h5py.File("m.h5", "w")
    file.attrs["layer_names"] = layers
    file.create_group("dense").attrs["weight_names"] = weights
    file["dense/b:0"] = np.ones(2, np.float32)
    return file


def test_a_weight_behind_a_soft_link_is_read_as_keras_reads_it(folder: Path) -> None:
    with write_layer(["dense"], ["b:0", "k:0"]) as file:
        file["elsewhere"] = np.full(3, 5, np.float32)
        file["dense/k:0"] = h5py.SoftLink("/elsewhere")
    checkpoint = ckptls.open("m.h5")
    assert checkpoint.names == ("b:0", "k:0")
    assert sentences(checkpoint) == ()
    assert read_value("m.h5", "k:0").tolist() == [5, 5, 5]


def test_a_weight_behind_an_external_link_is_told(folder: Path) -> None:
    with write_layer(["dense"], ["b:0", "k:0"]) as file:
        file["dense/k:0"] = h5py.ExternalLink("other.h5", "/k")
    checkpoint = ckptls.open("m.h5")
    assert checkpoint.names == ("b:0",)
    assert sentences(checkpoint) == (
        "it names `k:0`, but does not hold it: its link leads to another file",
    )


def test_a_layer_that_is_named_but_absent_is_told(folder: Path) -> None:
    write_layer(["dense", "gone", "lost"], ["b:0"]).close()
    checkpoint = ckptls.open("m.h5")
    assert checkpoint.names == ("b:0",)
    assert sentences(checkpoint) == ("it names the layer `gone` and 1 more, but does not hold it",)


def test_names_that_are_not_utf_8_are_listed_and_read(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        group = h5py.h5g.create(file.id, b"gr\xfcn")
        plain = h5py.h5s.create_simple((2,))
        h5py.h5d.create(group, b"w\xff", h5py.h5t.IEEE_F32LE, plain)
        h5py.Group(group)[b"w\xff"][...] = [3, 4]
        file["a\\x41"] = np.ones(1, np.float32)
    names = ("a\\x41", "gr\\xfcn/w\\xff")
    assert ckptls.list_names("m.h5") == list(names)
    assert read_value("m.h5", names[0]).tolist() == [1]
    assert read_value("m.h5", names[1]).tolist() == [3, 4]


@pytest.mark.parametrize("are_groups", [False, True])
def test_a_name_that_is_shown_as_another_one_is_not_listed_in_its_place(
    folder: Path, are_groups: bool
) -> None:
    with h5py.File("m.h5", "w") as file:
        for number, raw in enumerate((b"\xff", b"\\xff", b"a\\xff", b"\\xFF")):
            inside = file.create_group(raw) if are_groups else file
            inside.create_dataset(b"w" if are_groups else raw, data=np.full(number + 1, number))
    end = "/w" if are_groups else ""
    checkpoint = ckptls.open("m.h5")
    # `\\xff` written out comes first in the order of bytes, and is what stands there.
    assert {name: each.shape for name, each in checkpoint.items()} == {
        f"\\xFF{end}": (4,),
        f"\\xff{end}": (2,),
        f"a\\xff{end}": (3,),
    }
    for number, name in ((3, f"\\xFF{end}"), (1, f"\\xff{end}"), (2, f"a\\xff{end}")):
        assert flat(checkpoint.read(name)) == [number] * (number + 1)
    assert "has the same name as another one" in " ".join(sentences(checkpoint))
    assert not verify(locate("m.h5")).is_sound


def test_many_names_that_are_not_utf_8_take_no_longer_than_others(folder: Path) -> None:
    """h5py's process would be ended if it went through all of them for each."""
    count = 8_000
    with h5py.File("m.h5", "w", libver="latest") as file:
        for number in range(count):
            file.create_dataset(b"\xff%d" % number, data=np.float32(number))
    report = verify(locate("m.h5"))
    assert report.problems == [] and report.tensors == count
    with ckptls.open("m.h5") as checkpoint:
        for number in range(0, count, 1_001):
            assert checkpoint.read(f"\\xff{number}") == number


def test_a_large_keras_archive_is_read_by_ranges(folder: Path) -> None:
    """Up to 64 MiB of weights are held in memory, larger ones are not."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/dense/vars/0"] = np.arange(17 << 20, dtype=np.int32)
        file["layers/dense/vars/1"] = np.arange(3, dtype=np.float32)
    with zipfile.ZipFile("m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", weights.getvalue())
    with ckptls.open("m.keras") as checkpoint:
        assert flat(checkpoint.read("layers/dense/vars/1")) == [0, 1, 2]
        assert flat(checkpoint.read("layers/dense/vars/0")[-2:]) == [(17 << 20) - 2, (17 << 20) - 1]
    assert verify(locate("m.keras")).is_sound


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_hdf5_in_an_archive_that_is_cut_short_is_damaged(folder: Path, cut: float) -> None:
    weights = io.BytesIO()
    write_numbered(weights, 20)
    with zipfile.ZipFile("m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        data = weights.getvalue()
        archive.writestr("model.weights.h5", data[: int(len(data) * cut)])
    with pytest.raises(CheckpointDamaged):
        ckptls.open("m.keras")


def write_numbered(path: str | io.BytesIO, count: int) -> None:
    """As Keras 3 writes weights of layers that its user has named."""
    with h5py.File(path, "w") as file:
        for number in range(count):
            variables = file.create_group(f"layers/dense_{number}/vars")
            variables.attrs["name"] = f"user_{number}"
            variables["0"] = np.full(2, number, np.float32)


def test_layers_behind_soft_links_have_the_names_that_stand_there(folder: Path) -> None:
    write_numbered("m.weights.h5", 12)
    with h5py.File("m.weights.h5", "a") as file:
        file["elsewhere"] = file["layers/dense_3"]
        del file["layers/dense_3"]
        file["layers/dense_3"] = h5py.SoftLink("/elsewhere")
    checkpoint = ckptls.open("m.weights.h5")
    assert [layer.name for layer in checkpoint.layers] == [f"user_{n}" for n in range(12)]
    assert flat(checkpoint.read("layers/dense_11/vars/0")) == [11, 11]


@pytest.mark.parametrize("block_bytes", [512, 4096])
def test_hdf5_behind_a_block_of_the_user_is_read(folder: Path, block_bytes: int) -> None:
    with h5py.File("m.mat", "w", userblock_size=block_bytes) as file:
        file["w"] = np.arange(3, dtype=np.float32)
    with open("m.mat", "r+b") as block:
        block.write(b"MATLAB 7.3 MAT-file")
    assert ckptls.open("m.mat").format is Format.HDF5
    assert listed("m.mat") == {"w": ("float32", (3,))}
    assert read_value("m.mat", "w").tolist() == [0, 1, 2]
    Path("other").write_bytes(b"MATLAB 7.3 MAT-file".ljust(10_000))
    with pytest.raises(CheckpointError):
        ckptls.open("other")


def test_elements_in_other_files_are_listed_and_never_read(folder: Path) -> None:
    Path("secret").write_bytes(bytes(8))
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (2,))
    with h5py.File("m.h5", "w") as file:
        file.create_dataset("w", (2,), "f4", external=[("secret", 0, h5py.h5f.UNLIMITED)])
        file.create_virtual_dataset("v", layout)
    checkpoint = ckptls.open("m.h5")
    assert checkpoint.names == ("v", "w")
    assert "lie in another place" in sentences(checkpoint)[0]
    for name in checkpoint.names:
        with pytest.raises(CheckpointUnsupported, match="lie in another place"):
            read_value("m.h5", name)


def test_a_claim_of_huge_data_is_not_allocated(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        file.create_dataset("w", (1 << 40,), "f4", chunks=(1024,))
    assert listed("m.h5") == {"w": ("float32", (1 << 40,))}
    with pytest.raises(CheckpointUnsupported, match="would grow"):
        read_value("m.h5", "w")


def test_a_file_that_ends_early_is_told(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        file["w"] = np.ones(1000)
    Path("m.h5").write_bytes(Path("m.h5").read_bytes()[:2000])
    with pytest.raises(CheckpointDamaged, match=r"m\.h5: no sound HDF5 file: .*truncated"):
        ckptls.open("m.h5")


def test_equal_names_of_weights_are_told_apart_by_layer(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        file.attrs["layer_names"] = ["left", "right"]
        for layer in ("left", "right"):
            group = file.create_group(layer)
            group.attrs["weight_names"] = ["kernel:0", f"{layer}_bias:0"]
            group["kernel:0"] = np.full(2, len(layer))
            group[f"{layer}_bias:0"] = np.ones(1)
    checkpoint = ckptls.open("m.h5")
    assert [layer.variables for layer in checkpoint.layers] == [
        ("left/kernel:0", "left_bias:0"),
        ("right/kernel:0", "right_bias:0"),
    ]
    assert read_value("m.h5", "right/kernel:0").tolist() == [5, 5]


def test_data_sets_that_no_named_layer_owns_are_listed(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        file.attrs["layer_names"] = ["flatten"]
        file.create_group("flatten").attrs["weight_names"] = np.zeros(0, "S1")
    assert listed("m.h5") == {}
    with h5py.File("m.h5", "a") as file:
        file["deep/w"] = np.ones((2, 3), np.float32)
    assert listed("m.h5") == {"deep/w": ("float32", (2, 3))}
    assert read_value("m.h5", "deep/w").tolist() == [[1, 1, 1], [1, 1, 1]]


def test_modules_in_the_working_directory_are_not_run(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        file["w"] = np.ones(2, np.float32)
    for name in ("h5py", "json", "numpy", "site", "sitecustomize"):
        Path(f"{name}.py").write_text("open('touched', 'w')")
    assert listed("m.h5") == {"w": ("float32", (2,))}
    assert not Path("touched").exists()


def test_many_values_of_a_file_are_read_at_once(folder: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        for number in range(100):
            file[f"w{number}"] = np.full(2, number)
    names = [*(f"w{number}" for number in range(100)), "not there"]
    values = dict(read_values("m.h5", names))
    assert [values[name][0] for name in names[:-1]] == list(range(100))


# -- Orbax ----------------------------------------------------------------------------------

ORBAX = ["database", "database_zarr3", "files", "files_zarr3"]


@pytest.mark.parametrize("name", ORBAX)
def test_an_orbax_checkpoint_is_listed_as_orbax_restores_it(name: str) -> None:
    path = FIXTURES / "orbax" / name
    rows = expected(f"orbax/{name}")
    assert listed(path) == {k: (row["dtype"], tuple(row["shape"])) for k, row in rows.items()}
    for key, row in rows.items():
        value = read_value(str(path), key)
        shown = value.item().decode() if value.dtype == object else flat(value)
        assert shown == row["values"], key


def test_a_manager_s_directory_means_its_latest_step() -> None:
    checkpoint = ckptls.open(FIXTURES / "orbax" / "manager")
    assert Path(checkpoint.prefix).parts[-2:] == ("10", "default")
    assert read_value(checkpoint.prefix, "w").tolist() == [10, 10]


def test_a_step_that_is_not_finished_is_passed_by(folder: Path) -> None:
    shutil.copytree(FIXTURES / "orbax" / "manager", "run")
    shutil.copytree("run/10", "run/11.orbax-checkpoint-tmp-1700000000")
    assert Path(ckptls.open("run").prefix).parts[-2] == "10"


def test_an_orbax_checkpoint_is_found_by_its_files() -> None:
    directory = FIXTURES / "orbax" / "database"
    for name in ("_METADATA", "manifest.ocdbt"):
        assert ckptls.open(directory / name).prefix == str(directory)


def test_an_orbax_database_without_its_data_says_which_file_is_missing(folder: Path) -> None:
    shutil.copytree(FIXTURES / "orbax" / "database", "m")
    shutil.rmtree("m/d")
    with pytest.raises(CheckpointNotFound, match=r"no file `m/d/[0-9a-f]{32}`"):
        ckptls.open("m")


def test_a_leaf_of_an_orbax_tree_that_is_not_stored_is_told(folder: Path) -> None:
    shutil.copytree(FIXTURES / "orbax" / "files", "m")
    shutil.rmtree("m/params.dense.bias")
    checkpoint = ckptls.open("m")
    assert "params/dense/bias" not in checkpoint
    assert sentences(checkpoint) == ("its tree names `params/dense/bias`, which it does not hold",)


def test_an_orbax_database_without_its_tree_is_listed_by_names_on_disk(folder: Path) -> None:
    shutil.copytree(FIXTURES / "orbax" / "database", "m")
    os.remove("m/_METADATA")
    assert listed("m")["params.dense.kernel"] == ("float32", (4, 6))


def test_a_changed_bit_of_an_orbax_database_is_noticed(folder: Path) -> None:
    shutil.copytree(FIXTURES / "orbax" / "database", "m")
    os.remove("m/_METADATA")
    data = bytearray(Path("m/manifest.ocdbt").read_bytes())
    data[40] ^= 1
    Path("m/manifest.ocdbt").write_bytes(data)
    with pytest.raises(CheckpointDamaged, match="checksum does not match"):
        ckptls.open("m")


def packed(item: object) -> bytes:
    """MessagePack of small things, as Flax writes them."""
    if isinstance(item, dict):
        return bytes([0x80 + len(item)]) + b"".join(packed(k) + packed(v) for k, v in item.items())
    if isinstance(item, (list, tuple)):
        return bytes([0x90 + len(item)]) + b"".join(map(packed, item))
    if isinstance(item, str):
        return b"\xd9" + bytes([len(item)]) + item.encode()
    if isinstance(item, bytes):
        return b"\xc4" + bytes([len(item)]) + item
    if isinstance(item, np.ndarray | np.generic):
        body = packed([list(item.shape), item.dtype.name, item.tobytes()])
        kind = 1 if isinstance(item, np.ndarray) else 3
        return b"\xc7" + bytes([len(body), kind]) + body
    if isinstance(item, complex):
        body = packed([item.real, item.imag])
        return b"\xc7" + bytes([len(body), 2]) + body
    if isinstance(item, bool) or item is None:
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[item]  # type: ignore[index]
    if isinstance(item, float):
        return b"\xcb" + struct.pack(">d", item)
    assert isinstance(item, int)
    return b"\xd3" + struct.pack(">q", item)


def test_an_aggregated_orbax_checkpoint_is_listed(folder: Path) -> None:
    os.mkdir("m")
    tree = {
        "w": np.arange(6, dtype=np.int16).reshape(2, 3),
        "deep": {"list": [np.float32(2.5), None]},
        "step": 3, "rate": 0.5, "on": True, "name": "x", "raw": b"y", "z": 1 + 2j,
    }  # fmt: skip
    Path("m/checkpoint").write_bytes(packed(tree))
    assert listed("m") == {
        "w": ("int16", (2, 3)), "deep/list/0": ("float32", ()), "step": ("int64", ()),
        "rate": ("float64", ()), "on": ("bool", ()), "name": ("string", ()),
        "raw": ("string", ()), "z": ("complex128", ()),
    }  # fmt: skip
    assert listed("m/checkpoint") == listed("m")
    read = {name: read_value("m", name) for name in listed("m")}
    assert flat(read["w"]) == [0, 1, 2, 3, 4, 5]
    assert read["deep/list/0"] == 2.5
    assert (read["step"], read["rate"], read["name"], read["z"]) == (3, 0.5, b"x", 1 + 2j)
    with pytest.raises(KeyError):
        read_value("m", "nothing")
    assert not verify(locate("m"), directory="m").problems


def test_an_aggregated_array_in_chunks_is_put_together(folder: Path) -> None:
    os.mkdir("m")
    chunks = {"0": np.arange(4.0), "1": np.arange(4.0, 6.0)}
    array = {"__msgpack_chunked_array__": True, "shape": {"0": 2, "1": 3}, "chunks": chunks}
    Path("m/checkpoint").write_bytes(packed({"w": array}))
    assert listed("m") == {"w": ("float64", (2, 3))}
    assert read_value("m", "w").tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("has_tree", [True, False])
def test_a_tree_of_which_a_part_is_aggregated_is_listed_whole(folder: Path, has_tree: bool) -> None:
    shutil.copytree(FIXTURES / "orbax" / "files", "m")
    kernel = "params.dense.kernel"
    tree = {"params": {"dense": {"kernel": f"PLACEHOLDER://{kernel}", "small": np.ones(2)}}}
    Path("m/checkpoint").write_bytes(packed(tree))
    if not has_tree:
        os.remove("m/_METADATA")
    found = listed("m")
    assert found["params/dense/kernel"] == ("float32", (4, 6))
    assert found["params/dense/small"] == ("float64", (2,))
    assert read_value("m", "params/dense/kernel").shape == (4, 6)
    assert flat(read_value("m", "params/dense/small")) == [1, 1]


@pytest.mark.parametrize(
    "data",
    [
        packed({"w": np.ones(3)})[:-1],
        packed({"w": 1}).replace(b"\xd3", b"\xc1"),
        b"\xdf\xff\xff\xff\xff\xa1w",
        packed({"w": np.ones(3)}).replace(b"float64", b"float32"),
    ],
)
def test_an_aggregated_file_that_cannot_be_is_refused(folder: Path, data: bytes) -> None:
    os.mkdir("m")
    Path("m/checkpoint").write_bytes(data)
    with pytest.raises(CheckpointDamaged):
        read_value("m", ckptls.open("m").names[0])


def test_an_aggregated_value_that_is_gone_is_told(folder: Path) -> None:
    os.mkdir("m")
    entry = {
        "key_metadata": [{"key": "w", "key_type": 2}],
        "value_metadata": {"value_type": "np.ndarray", "skip_deserialize": True},
    }
    Path("m/_METADATA").write_text(json.dumps({"tree_metadata": {"('w',)": entry}}))
    assert sentences(ckptls.open("m")) == ("its tree names `w`, which it does not hold",)
    Path("m/checkpoint").write_bytes(packed({"w": np.ones(1)}))
    assert sentences(ckptls.open("m")) == ()
    assert listed("m") == {"w": ("float64", (1,))}


def test_an_orbax_checkpoint_that_is_not_finished_is_marked(folder: Path) -> None:
    name = "10.orbax-checkpoint-tmp-1700000000"
    shutil.copytree(FIXTURES / "orbax" / "files", f"run/{name}")
    for path in (f"run/{name}", "run"):
        checkpoint = ckptls.open(path)
        assert "step" in checkpoint
        assert sentences(checkpoint)[0].startswith("it is not finished")


def test_numbers_survive_that_are_no_numbers(folder: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, w=np.array([np.nan, np.inf]))
    Path("m").write_bytes(buffer.getvalue())
    value = flat(read_value("m", "w"))
    assert math.isnan(value[0])
    assert math.isinf(value[1])


def test_an_archive_of_no_arrays_is_sound_and_holds_nothing(folder: Path) -> None:
    np.savez(folder / "nothing.npz")
    assert ckptls.list_variables(folder / "nothing.npz") == []
    assert not sentences(ckptls.open(folder / "nothing.npz"))
    (folder / "nothing.npz").rename(folder / "nothing.zip")
    with pytest.raises(CheckpointUnsupported, match="an empty zip archive"):
        ckptls.open(folder / "nothing.zip")
