"""Files that are no checkpoints, and what they are said to be."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT
from ckptls.checkpoint.core.errors import CheckpointError, CheckpointNotFound
from ckptls.checkpoint.locate.locate import locate
from cli.command import ckptls_command
from support.pointers import LFS, POINTER

INDEX = crafted.index([("layer/w", FLOAT, [400])])


def tar_bytes() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("m.index")
        member.size = len(INDEX)
        archive.addfile(member, io.BytesIO(INDEX))
    return stream.getvalue()


def zip_bytes(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, INDEX)
    return stream.getvalue()


KINDS = {
    "lfs": (POINTER, LFS),
    "html": (b"\n<!DOCTYPE html>\n<html>" + b"x" * 99, "it is a web page (HTML); download"),
    "html in upper case": (b"<HTML><HEAD>" + b"x" * 99, "it is a web page (HTML)"),
    "xhtml": (b'<?xml version="1.0"?><html/>' + b" " * 99, "it is a web page (HTML)"),
    "xml": (b'<?xml version="1.0"?><Error>AccessDenied</Error>' + b" " * 99, "an XML document"),
    "json": (b'["a", "b"]' + b" " * 99, "it is JSON text"),
    "text": ("404: Not Found \u00e9\n".encode() * 9, "it is a text file"),
    "empty": (b"", "it is empty"),
    "tar": (tar_bytes(), "it is a tar archive; unpack it"),
    "gzip": (gzip.compress(INDEX), "it is a gzip archive; unpack it"),
    "bzip2": (bz2.compress(INDEX), "it is a bzip2 archive; unpack it"),
    "xz": (lzma.compress(INDEX), "it is an xz archive; unpack it"),
    "zip": (
        zip_bytes("m.index"),
        "it is a zip archive, but not of Keras, PyTorch or NumPy; unpack",
    ),
    "pt2": (zip_bytes("m/archive_format"), "it is an exported PyTorch program (.pt2)"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(99), "it is a 7z archive; unpack it"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(99), "it is a RAR archive; unpack it"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(99), "it is a PNG image"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(99), "it is a JPEG image"),
    "gguf": (b"GGUF\x03" + bytes(99), "it is a GGUF file"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(99), "it is a TensorFlow Lite model"),
    "onnx": (b"\x08\x07\x12\x07pytorch\x1a\x051.9.0" + bytes(99), "it is an ONNX model"),
    "core ml": (b"\x08\x04\x12\x30\x0acom.github.apple.coremltools.version", "a Core ML model"),
    "npy": (b"\x93NUMPY\x01\0" + bytes(99), "it is a single NumPy array"),
    **{
        f"pickle of {kind} in protocol {protocol}": (
            pickle.dumps(value, protocol),
            "it is a Python pickle; reading it would mean to run",
        )
        for protocol in (0, 1)
        for kind, value in {
            "a dictionary": {"w": [0.5] * 99},
            "a list": [b"\xff" * 99],
            "an array": np.arange(99),
        }.items()
    },
    "text in brackets": (b"(draft) see https://example.org " * 9, "it is a text file"),
    "pickle": (b"\x80\x04\x95" + bytes(99), "it is a Python pickle; reading it would mean to run"),
}


@pytest.mark.parametrize("command", ["ls", "verify"])
@pytest.mark.parametrize(("data", "said"), KINDS.values(), ids=KINDS)
def test_a_file_of_another_kind_is_called_so(
    tmp_path: Path, command: str, data: bytes, said: str
) -> None:
    path = tmp_path / "model.ckpt"
    path.write_bytes(data)
    done = ckptls_command(command, str(path))
    assert done.returncode in (1, 2)
    assert said in done.stdout + done.stderr
    assert "magic number" not in done.stdout + done.stderr


@pytest.mark.parametrize("data", [bytes(99), b"\x08\xff" * 50, b"ab\0\x01" * 30, INDEX[:70]])
def test_what_is_not_known_is_damaged_as_before(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.ckpt").write_bytes(data)
    with pytest.raises(CheckpointError, match="bad magic number"):
        ckptls.list_variables(tmp_path / "model.ckpt")


@pytest.mark.parametrize(
    "name",
    [
        *("m.index", "m.ckpt", "m.h5", "m.hdf5", "m.keras", "m.npz", "m.pt", "m.safetensors"),
        *("_METADATA", "weights.bin", "m.meta", "saved_model.pb"),
    ],
)
def test_a_pointer_is_called_so_wherever_it_stands(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(POINTER)
    if name in ("m.meta", "saved_model.pb"):
        from ckptls.checkpoint.graphs.meta_graph import read_model

        with pytest.raises(CheckpointError) as graph:
            read_model(str(tmp_path / name))
        assert LFS in str(graph.value)
        return
    with pytest.raises(CheckpointError) as raised:
        ckptls.list_variables(tmp_path / name.removesuffix(".index"))
    assert LFS in str(raised.value)
    assert name in raised.value.path


def test_a_pointer_in_place_of_the_data_is_said_by_each_command(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(INDEX)
    (tmp_path / "m.data-00000-of-00001").write_bytes(POINTER)
    prefix = str(tmp_path / "m")
    listed = ckptls_command("ls", prefix)
    assert (listed.returncode, listed.stdout) == (0, "layer/w  float32  [400]\n")
    for done in (
        listed,
        ckptls_command("verify", "--no-tensorflow", prefix),
        ckptls_command("show", prefix, "layer/w"),
    ):
        assert LFS in done.stdout + done.stderr


def test_a_folder_of_unreadable_weights_says_why_each_is(tmp_path: Path) -> None:
    for name, data in {"a.h5": POINTER, "b.onnx": KINDS["onnx"][0], "notes.txt": b"x" * 99}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "checkpoint").write_bytes(KINDS["html"][0])
    with pytest.raises(CheckpointNotFound) as raised:
        locate(tmp_path)
    assert raised.value.hint.startswith(f"`a.h5`: {LFS}; `b.onnx`: it is an ONNX model")
    assert "`checkpoint`: it is a web page (HTML)" in raised.value.hint
    assert "notes.txt" not in raised.value.hint


def test_only_a_few_of_very_many_are_named(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"m{number}.h5").write_bytes(POINTER)
    with pytest.raises(CheckpointNotFound) as raised:
        locate(tmp_path)
    assert raised.value.hint.count("`m") == 5
    assert raised.value.hint.endswith("; and 35 more")


def test_an_ordinary_empty_folder_says_no_more(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(CheckpointNotFound) as raised:
        locate(tmp_path)
    assert raised.value.hint == ""
