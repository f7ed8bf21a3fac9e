"""`ckptls check --fix` and `--diff`: what is changed, and how little else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ckptls.workspace.source_files import Edit, SourceError, source_file, write_source
from cli.checking import BAD, GOOD, HEAD, check, make_folder, notebook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path)


def test_fixes_are_made_and_told(folder: Path) -> None:
    done = check(folder, "--fix")
    assert (done.returncode, done.stdout) == (0, "")
    assert (folder / "bad.py").read_text() == HEAD + GOOD
    assert (
        "bad.py:2:40: fixed [unknown-variable] `vgg_16/fc8/weigths` is now `vgg_16/fc8/weights`"
        in done.stderr
    )
    assert "nothing found, 1 fixed, 2 files checked" in done.stderr


def test_what_cannot_be_fixed_stays_and_fails(folder: Path) -> None:
    text = HEAD + BAD + "tf.train.load_variable('vgg_16.ckpt', 'quite/something/else')\n"
    (folder / "bad.py").write_text(text)
    done = check(folder, "--fix", "bad.py")
    assert done.returncode == 1
    assert "quite/something/else" in done.stdout
    assert (folder / "bad.py").read_text() == text.replace("weigths", "weights")


@pytest.mark.parametrize(
    "data",
    [
        ("\ufeff" + HEAD + BAD).encode(),
        (HEAD + BAD).replace("\n", "\r\n").encode(),
        ("# coding: latin-1\n# é\n" + HEAD + BAD).encode("latin-1"),
        ("#!/usr/bin/python\n# -*- coding: shift_jis -*-\n# 日本\n" + HEAD + BAD).encode(
            "shift_jis"
        ),
        ("# \xe9, and no word of it\n" + HEAD + BAD).encode("latin-1"),
        (HEAD + BAD.rstrip("\n")).encode(),
        ("# coding: no-such\n# é\n" + HEAD + "\x0c\n" + BAD).encode(),
    ],
    ids=["bom", "crlf", "latin-1", "shift_jis", "unsaid", "no-end", "unknown"],
)
def test_all_other_bytes_stay(folder: Path, data: bytes) -> None:
    (folder / "bad.py").write_bytes(data)
    assert check(folder, "--fix").returncode == 0
    assert (folder / "bad.py").read_bytes() == data.replace(b"weigths", b"weights")


def test_permissions_and_links_stay(folder: Path) -> None:
    (folder / "bad.py").chmod(0o755)
    (folder / "link.py").symlink_to("bad.py")
    assert check(folder, "--fix", "link.py").returncode == 0
    assert (folder / "link.py").is_symlink()
    assert (folder / "bad.py").stat().st_mode & 0o777 == 0o755
    assert not [name for name in os.listdir(folder) if name.startswith(".bad")]


def test_a_notebook_keeps_everything_but_the_name(folder: Path) -> None:
    text = notebook(HEAD + "é = '😀'\n!ls\n" + BAD, metadata={"z": 1, "a": [1.50, "\u2028"]})
    (folder / "a.ipynb").write_text(text, "utf-8")
    done = check(folder, "--fix", "a.ipynb")
    assert done.returncode == 0
    assert "a.ipynb:cell 2:4:40: fixed" in done.stderr
    assert (folder / "a.ipynb").read_text("utf-8") == text.replace("weigths", "weights")


def test_a_difference_is_shown_and_nothing_written(folder: Path) -> None:
    done = check(folder, "--diff")
    assert done.returncode == 1
    assert (folder / "bad.py").read_text() == HEAD + BAD
    assert done.stdout == (
        f"--- a/bad.py\n+++ b/bad.py\n@@ -1,2 +1,2 @@\n import tensorflow as tf\n-{BAD}+{GOOD}"
    )


@pytest.mark.parametrize("end", ["\n", "", "\r\n"])
def test_git_can_apply_the_difference(folder: Path, end: str) -> None:
    (folder / "bad.py").write_bytes((HEAD + BAD.rstrip() + end).encode())
    done = check(folder, "--diff", "bad.py")
    apply = ["git", "apply", "-"]
    subprocess.run(apply, cwd=folder, input=done.stdout.encode(), check=True)
    assert (folder / "bad.py").read_bytes() == (HEAD + GOOD.rstrip() + end).encode()


def test_standard_input_comes_back_mended(folder: Path) -> None:
    done = check(folder, "--fix", "-", stdin=(HEAD + BAD).encode())
    assert (done.returncode, done.stdout) == (0, HEAD + GOOD)
    good = check(folder, "--fix", "-", stdin=(HEAD + GOOD).encode())
    assert good.stdout == HEAD + GOOD


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("a = 1\n")
    before = source_file(path, path.read_bytes())
    after = before.apply_edits([Edit(4, 5, "2")])
    path.write_text("a = 3\n")
    with pytest.raises(SourceError, match="in the meantime"):
        write_source(before, after, path.parent)
    assert path.read_text() == "a = 3\n"
    assert os.listdir(tmp_path) == ["a.py"]


def test_what_an_encoding_does_not_have_is_not_written(tmp_path: Path) -> None:
    source = source_file(tmp_path / "a.py", "# coding: latin-1\na = 'é'\n".encode("latin-1"))
    with pytest.raises(SourceError, match="cannot be written in latin-1"):
        source.apply_edits([Edit(23, 24, "日")])


def test_only_selected_rules_are_fixed(folder: Path) -> None:
    check(folder, "--fix", "--select", "unknown-scope")
    assert (folder / "bad.py").read_text() == HEAD + BAD


def test_a_read_only_file_is_left_alone_and_reported(folder: Path) -> None:
    (folder / "bad.py").chmod(0o444)
    done = check(folder, "--fix", "bad.py")
    assert done.returncode == 2
    assert "`bad.py` is read-only and is not modified" in done.stderr
    assert "weigths" in done.stdout, "what was found is still reported"
    assert (folder / "bad.py").read_text() == HEAD + BAD


@pytest.mark.parametrize("how", ["file", "directory"])
def test_a_link_out_of_the_folder_is_left_alone_and_reported(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, how: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "theirs.py").write_text(HEAD + BAD)
    (folder / "ckptls.toml").touch()
    (folder / "bad.py").unlink()
    if how == "file":
        (folder / "link.py").symlink_to(outside / "theirs.py")
        named = "link.py"
    else:
        (folder / "link").symlink_to(outside)
        named = "link/theirs.py"
    done = check(folder, "--fix", named)
    assert done.returncode == 2
    assert f"`{named}` is a link to `{outside / 'theirs.py'}`, outside `" in done.stderr
    assert (outside / "theirs.py").read_text() == HEAD + BAD
    check(folder, "--fix", ".")
    assert (outside / "theirs.py").read_text() == HEAD + BAD


def test_hard_links_keep_naming_one_file(folder: Path) -> None:
    os.link(folder / "bad.py", folder / "same.txt")
    assert check(folder, "--fix", "bad.py").returncode == 0
    assert (folder / "same.txt").read_text() == HEAD + GOOD
    assert os.path.samefile(folder / "bad.py", folder / "same.txt")


def test_owner_mode_and_extended_attributes_stay(folder: Path) -> None:
    path = folder / "bad.py"
    path.chmod(0o640)
    has_attributes = True
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:  # not every file system has them
        has_attributes = False
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    assert check(folder, "--fix", "bad.py").returncode == 0
    after = path.stat()
    assert path.read_text() == HEAD + GOOD
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_mtime_ns > before.st_mtime_ns
    assert not has_attributes or os.getxattr(path, "user.note") == b"mine"
    assert sorted(each.name for each in folder.iterdir() if each.name.startswith(".")) == []


def test_a_file_that_cannot_be_overwritten_keeps_its_content(folder: Path) -> None:
    """A full disk in the middle of overwriting: what was there is restored."""
    path = folder / "bad.py"
    os.link(path, folder / "same.txt")
    before = source_file(path, path.read_bytes())
    after = before.apply_edits([Edit(0, 0, "# " + "x" * 100 + "\n")])
    limit = RLIMIT_SCRIPT.format(limit=len(before.data) + 50)
    done = subprocess.run(
        [sys.executable, "-c", limit, str(path), after.text],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot be written: File too large" in done.stdout, done.stderr
    assert path.read_bytes() == before.data


RLIMIT_SCRIPT = """
import resource, signal, sys
from pathlib import Path
from ckptls.workspace.source_files import SourceError, source_file, write_source
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
before = source_file(path, path.read_bytes())
after = source_file(path, sys.argv[2].encode())
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
try:
    write_source(before, after, path.parent)
except SourceError as error:
    print(error)
"""
