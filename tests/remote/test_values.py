"""Values, verification and history of checkpoints on other machines, by byte range."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import ckptls
from checkpoint import crafted_values
from cli.command import ckptls_command
from remote.conftest import Bucket, files_of

LARGE = np.arange(4_000_000, dtype=np.float32)
VALUES = {"a/large": LARGE, "b/small": np.array([1.5, -2.0], np.float32), "step": np.array(7)}


def put(s3: Bucket, folder: Path, name: str = "run/model.ckpt-7") -> str:
    """A checkpoint with its values in the bucket; its address."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    crafted_values.bundle(folder / name, VALUES)
    for key, content in files_of(folder).items():
        s3.put(key, content)
    return f"s3://bucket/{name}"


def test_of_a_large_file_only_the_value_is_fetched(s3: Bucket, tmp_path: Path) -> None:
    address = put(s3, tmp_path / "here")
    s3.requests.clear()
    assert ckptls.load_variable(address, "b/small").tolist() == [1.5, -2.0]
    assert sum(request.sent_bytes for request in s3.requests) < LARGE.nbytes // 10
    assert np.array_equal(ckptls.open(address).read("a/large"), LARGE)


def test_commands_say_of_an_address_what_they_say_of_the_disk(s3: Bucket, tmp_path: Path) -> None:
    address, here = put(s3, tmp_path / "here"), str(tmp_path / "here/run/model.ckpt-7")
    commands = (
        ["show", "{}", "b/small", "--format", "json"],
        ["tree", "{}", "--format", "json"],
        ["verify", "{}", "--no-tensorflow"],
    )
    for command in commands:
        there = ckptls_command(*(each.format(address) for each in command))
        local = ckptls_command(*(each.format(here) for each in command))
        assert there.stdout.replace("s3://bucket", str(tmp_path / "here")) == local.stdout
        assert (there.returncode, there.stderr) == (local.returncode, local.stderr) == (0, "")
    assert ckptls_command("diff", address, here, "--values").returncode == 0
    assert ckptls_command("latest", "s3://bucket/run").stdout == f"{address}\n"
