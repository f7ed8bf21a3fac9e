"""The `ckptls` command on other machines, run as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ckptls
from ckptls.checkpoint.core.errors import CheckpointUnreachable
from remote.conftest import SECRET, Bucket
from remote.servers import Request, Site

HEAD = "import tensorflow as tf\n"


def ckptls_command(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ckptls", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONUTF8": "1"},
    )


def without(library: str, url: str) -> str:
    """What is told where a library is not installed."""
    code = (
        "import sys; sys.modules[sys.argv[1]] = None\n"
        "import ckptls\n"
        "try: ckptls.open(sys.argv[2])\n"
        "except ckptls.CheckpointError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, library, url], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["run", "v1/vgg_16.ckpt"])
def test_ls_prints_of_s3_what_it_prints_of_the_disk(s3_tree: Bucket, tree: Path, name: str) -> None:
    here, there = (
        ckptls_command("ls", f"{tree}/{name}"),
        ckptls_command("ls", f"s3://bucket/{name}"),
    )
    assert (there.returncode, there.stdout, there.stderr) == (0, here.stdout, "")


def test_ls_of_google_prints_nothing_else(
    google_tree: tuple[dict[str, bytes], list[Request]],
) -> None:
    done = ckptls_command("ls", "gs://bucket/run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "vgg_16/fc8/weights" in done.stdout


def test_a_wrong_address_is_one_line_and_exit_code_2(s3_tree: Bucket) -> None:
    done = ckptls_command("ls", "s3://bucket/run/model.ckpt-10")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "ckptls: no checkpoint `model.ckpt-10` in `s3://bucket/run/`;"
        " its steps there are 9 and 100\n"
    )


def test_a_server_that_forbids_is_one_line_without_credentials(
    s3: Bucket, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", site.url)
    site.answers.update({f"/bucket{name}": 403 for name in ("", "/m", "/m.index")})
    done = ckptls_command("ls", "s3://bucket/m")
    assert done.returncode == 2
    assert "access is refused" in done.stderr and "log in as for the AWS tools" in done.stderr
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr and "AKIA" not in done.stderr


def test_s3_without_credentials_says_how_to_get_them(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CheckpointUnreachable) as error:
        ckptls.open("s3://bucket/m")
    assert "no credentials for s3:// were found; log in" in str(error.value)


def test_a_public_bucket_needs_none(s3_tree: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_tree.publish("lone/m.index")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("FSSPEC_S3_ANON", "true")
    assert ckptls_command("ls", "s3://bucket/lone").returncode == 0


def test_s3_at_a_port_where_nobody_listens_is_told_soon(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(CheckpointUnreachable, match="cannot be reached"):
        ckptls.open("s3://bucket/m")


@pytest.mark.parametrize(
    ("library", "url", "told"),
    [
        ("s3fs", "s3://b/m", "reading s3:// needs s3fs; pip install 'ckptls[remote]'"),
        ("gcsfs", "gs://b/m", "reading gs:// needs gcsfs; pip install 'ckptls[remote]'"),
        ("aiohttp", "https://h/m", "reading https:// needs aiohttp; pip install 'ckptls[remote]'"),
        ("fsspec", "s3://b/m", "reading s3:// needs s3fs; pip install 'ckptls[remote]'"),
        ("paramiko", "sftp://h/m", "reading sftp:// needs a library; "),
    ],
)
def test_a_missing_library_is_named(library: str, url: str, told: str) -> None:
    said = without(library, url)
    assert said.startswith(url) and told in said


def test_what_is_on_this_disk_is_read_without_any_of_it(tree: Path) -> None:
    code = (
        "import sys, ckptls; ckptls.open(sys.argv[1])\n"
        "late = ('fsspec', 'ckptls.checkpoint.storage.urls', 'aiohttp')\n"
        "print([m for m in late if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"{tree}/run"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.fixture
def code(tmp_path: Path, web_tree: Site) -> Path:
    """A project whose code names a checkpoint on the web, and a name that is not in it."""
    folder = tmp_path / "code"
    folder.mkdir()
    line = f"tf.train.load_variable('{web_tree.url}/lone/m', 'vgg_16/fc8/weigths')\n"
    (folder / "train.py").write_text(HEAD + line)
    (folder / "ckptls.toml").touch()
    return folder


def test_check_asks_no_server_that_the_code_names(code: Path, web_tree: Site) -> None:
    done = ckptls_command("check", folder=code)
    assert (done.returncode, done.stdout) == (0, "")
    assert not web_tree.requests


def test_check_remote_does(code: Path, web_tree: Site) -> None:
    done = ckptls_command("check", "--remote", folder=code)
    assert done.returncode == 1
    assert f"`vgg_16/fc8/weigths` is not in checkpoint `{web_tree.url}/lone/m`" in done.stdout


@pytest.mark.parametrize("file", ["ckptls.toml", "pyproject.toml"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_setting_of_the_folder_does_not(code: Path, web_tree: Site, file: str, jobs: str) -> None:
    table = "[tool.ckptls]\n" if file == "pyproject.toml" else ""
    (code / "ckptls.toml").unlink()
    (code / file).write_text(f'{table}remote = true\ncheckpoints = ["{web_tree.url}/lone/m"]\n')
    for number in range(40):
        (code / f"copy{number}.py").write_text((code / "train.py").read_text())
    done = ckptls_command("check", "--jobs", jobs, folder=code)
    assert (done.returncode, done.stdout) == (0, "")
    assert "`remote` has no effect in a file of the folder" in done.stderr
    assert not web_tree.requests


def test_a_checkpoint_on_the_command_line_is_always_read(code: Path, web_tree: Site) -> None:
    (code / "train.py").write_text(
        HEAD + "import sys\ntf.train.load_variable(sys.argv[1], 'vgg_16/fc8/weigths')\n"
    )
    done = ckptls_command("check", "--checkpoint", f"{web_tree.url}/lone/m", folder=code)
    assert done.returncode == 1
    assert f"is not in checkpoint `{web_tree.url}/lone/m`" in done.stdout


def test_one_that_cannot_be_read_makes_the_exit_code_2(code: Path, web_tree: Site) -> None:
    address = f"{web_tree.url}/none?sig={SECRET}"
    done = ckptls_command("check", "--checkpoint", address, folder=code)
    assert done.returncode == 2
    assert "no checkpoint" in done.stderr and SECRET not in done.stderr
