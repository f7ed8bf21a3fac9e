"""The cache on disk: shared, bounded, and never believed blindly."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import ckptls
from ckptls.checkpoint.storage import block_cache
from remote.servers import Site

URL, VERSION = "s3://bucket/m.index", "etag-1"


@pytest.fixture(autouse=True)
def unswept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not written yet."""
    monkeypatch.setattr(block_cache._Usage, "place", "")


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)


def test_what_is_kept_is_found_again_by_address_version_and_place() -> None:
    block_cache.write(URL, VERSION, 100, b"abc")
    assert block_cache.read(URL, VERSION, 100, 103, 1000) == b"abc"
    assert block_cache.read(URL, "etag-2", 100, 103, 1000) is None
    assert block_cache.read(URL + "x", VERSION, 100, 103, 1000) is None
    assert block_cache.read(URL, VERSION, 100, 102, 1000) is None


def test_a_whole_file_answers_for_its_parts() -> None:
    block_cache.write(URL, VERSION, 0, b"0123456789")
    assert block_cache.read(URL, VERSION, 3, 6, 10) == b"345"


def test_nobody_else_may_look_into_it(surroundings: Path) -> None:
    block_cache.write(URL, VERSION, 0, b"abc")
    assert stat.S_IMODE(surroundings.stat().st_mode) == 0o700
    assert stat.S_IMODE(entries(surroundings)[0].stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 35, None])
def test_a_damaged_entry_is_fetched_again(
    web_tree: Site, surroundings: Path, damage: bytes | None
) -> None:
    first = ckptls.open(f"{web_tree.url}/lone/m")
    for path in entries(surroundings):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if damage is None else damage)
    web_tree.requests.clear()
    assert ckptls.open(f"{web_tree.url}/lone/m").shapes() == first.shapes()
    assert web_tree.bodies() == ["/lone/m.index"]
    web_tree.requests.clear()
    ckptls.open(f"{web_tree.url}/lone/m")
    assert web_tree.bodies() == []


def test_an_entry_under_the_name_of_another_is_not_taken(surroundings: Path) -> None:
    block_cache.write(URL, VERSION, 0, b"abc")
    (path,) = entries(surroundings)
    block_cache.write(URL, VERSION, 5, b"xyz")
    (other,) = set(entries(surroundings)) - {path}
    os.replace(other, path)
    assert block_cache.read(URL, VERSION, 0, 3, 1000) is None


def test_what_was_used_longest_ago_goes_first(
    surroundings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CKPTLS_CACHE_MB", "1")
    for number in range(8):
        block_cache.write(URL, VERSION, number, bytes(100_000))
        for age, path in enumerate(reversed(entries(surroundings))):
            if age == 0:
                os.utime(path, (1_000_000 + number, 1_000_000 + number))
    assert block_cache.read(URL, VERSION, 0, 100_000, 0) is not None  # used just now
    for number in range(8, 14):
        block_cache.write(URL, VERSION, number, bytes(100_000))
    size = sum(path.stat().st_size for path in surroundings.iterdir())
    assert size <= 1_000_000
    kept = [
        number
        for number in range(14)
        if block_cache.read(URL, VERSION, number, number + 100_000, 0) is not None
    ]
    assert 0 in kept and 13 in kept
    assert 1 not in kept and 2 not in kept


def test_one_entry_does_not_fill_it(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CKPTLS_CACHE_MB", "1")
    block_cache.write(URL, VERSION, 0, bytes(200_000))
    assert not surroundings.exists()


def test_it_can_be_turned_off(
    web_tree: Site, surroundings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CKPTLS_CACHE_MB", "0")
    ckptls.open(f"{web_tree.url}/lone/m")
    assert not surroundings.exists()


def test_without_a_place_for_it_all_works(
    web_tree: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CKPTLS_CACHE_DIR", str(tmp_path / "file"))
    assert len(ckptls.open(f"{web_tree.url}/lone/m")) == 2


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"CKPTLS_CACHE_DIR": "/a"}, "/a/remote"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/ckptls/remote"),
        ({"XDG_CACHE_HOME": "not/absolute", "HOME": "/home/me"}, "/home/me/.cache/ckptls/remote"),
    ],
)
def test_it_lies_where_caches_lie(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], place: str
) -> None:
    monkeypatch.delenv("CKPTLS_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert block_cache.folder() == place


_WRITER = """
import sys
from ckptls.checkpoint.storage import block_cache
own = bytes([int(sys.argv[1])])
print("ready", flush=True)
sys.stdin.readline()
for round in range(400):
    part = round % 40
    wanted = b"%06d" % part * 4000
    block_cache.write("s3://bucket/m", "v", part, wanted)
    found = block_cache.read("s3://bucket/m", "v", part, part + len(wanted), 0)
    assert found in (None, wanted), part
print("done")
"""


def test_two_processes_share_one(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CKPTLS_CACHE_MB", "1")  # they fill it, and make room all the time
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    results = [child.communicate(timeout=120) for child in children]
    assert [(out, error) for out, error in results] == [("done\n", "")] * 2
    assert not [path for path in surroundings.iterdir() if path.name.startswith(".tmp-")]
    assert sum(path.stat().st_size for path in surroundings.iterdir()) <= 1_200_000


def test_what_a_dead_process_left_behind_goes(surroundings: Path) -> None:
    surroundings.mkdir(parents=True)
    for name, age in ((".tmp-old", 7200), (".tmp-new", 0)):
        (surroundings / name).touch()
        when = (surroundings / name).stat().st_mtime - age
        os.utime(surroundings / name, (when, when))
    block_cache.write(URL, VERSION, 0, b"abc")
    names = {path.name for path in surroundings.iterdir()}
    assert ".tmp-new" in names and ".tmp-old" not in names
