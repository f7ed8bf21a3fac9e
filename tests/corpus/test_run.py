"""The survey itself, on two small repositories in words of our own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from corpus import list_repositories, plant
from corpus.run import main, surveys
from corpus.survey import Survey

SMALL = Path(__file__).parent / "small"
READS, TRAINS = "someone__reads", "someone__trains"
NAMES = ("net/conv1/weights", "net/block_0/weights", "net/block_1/weights")


@pytest.fixture(scope="module")
def small() -> dict[str, Survey]:
    return {each.repository: each for each in surveys(SMALL)}


def test_files_and_those_that_have_to_do_with_tensorflow_are_counted(small):
    assert [(each.files, each.relevant) for each in small.values()] == [(3, 2), (4, 3)]


def test_nothing_crashes_and_half_a_file_is_a_file_too(small):
    for each in small.values():
        assert (each.crashes, each.hangs, each.problems) == ([], [], [])


def test_paths_are_counted_by_what_is_known_of_them(small):
    shares = small[READS].shares()
    assert shares["path known"] == (2, 3)
    assert shares["path there"] == (0, 3)
    assert small[TRAINS].shares()["path known"] == (2, 2)


def test_names_are_counted_by_whether_they_are_known(small):
    named, of = small[READS].shares()["read named"]
    assert (named, of) == (2, 3)
    (unknown,) = [r for r in small[READS].sites if r.kind == "name" and r.name == "unknown"]
    assert unknown.reason == "call `unknown_name(…)`"


def test_names_of_the_model_go_with_what_the_file_restores(small):
    rows = {(r.file, r.role, r.name) for r in small[TRAINS].sites if r.kind == "model"}
    assert ("nets/small.py", "graph-variable", "literal") in rows


def test_a_file_that_takes_too_long_is_told():
    (done,) = surveys(SMALL, [TRAINS], limit=0)
    assert not done.hangs  # zero is no limit
    assert done.slowest


def test_a_planted_checkpoint_makes_rules_run(tmp_path, monkeypatch):
    shutil.copytree(SMALL, tmp_path / "corpus")
    monkeypatch.setenv("CKPTLS_CORPUS", str(tmp_path / "corpus"))
    plant.plant(tmp_path / f"{READS}.ckpt", dict.fromkeys(NAMES, (3,)))
    (done,) = surveys(tmp_path / "corpus", [READS], planted=str(tmp_path))
    assert [(row.file, row.code) for row in done.findings] == [("convert.py", "unknown-variable")]


def test_names_that_code_makes_are_planted():
    assert plant.names_of(SMALL / TRAINS) == {"small/w": (8, 2)}


def test_the_table_and_the_reasons_are_printed(capsys, monkeypatch):
    monkeypatch.setenv("CKPTLS_CORPUS", str(SMALL))
    assert main(["--reasons", "--findings"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split()[:3] == ["repository", "files", "relevant"]
    assert "sites by role: " in out
    assert "call `os.path.expanduser(…)`" in out


def test_json_has_every_site(capsys, monkeypatch):
    monkeypatch.setenv("CKPTLS_CORPUS", str(SMALL))
    assert main(["--json", READS]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert {row["role"] for row in told["sites"]} == {"path", "variable"}


def test_without_the_folder_it_says_what_is_missing(capsys, monkeypatch):
    monkeypatch.delenv("CKPTLS_CORPUS", raising=False)
    assert main([]) == 2
    assert "CKPTLS_CORPUS" in capsys.readouterr().err


def test_the_list_has_enough_repositories_at_fixed_commits():
    listed = list_repositories.REPOSITORIES
    assert len({each.name for each in listed}) == len(listed) >= 40
    assert all(len(each.commit) == 40 and each.why for each in listed)
    assert len(list_repositories.shell()) == 3 + 3 * len(listed)
