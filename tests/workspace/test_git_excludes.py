"""Configurations of git that include others, and how many of them are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckptls.workspace import git_excludes


@pytest.fixture
def read(tmp_path: Path, monkeypatch) -> list[str]:
    """The paths that are read; nothing outside of the folder is."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    paths: list[str] = []
    lines = git_excludes._lines

    def counted(path: str, *limit: int) -> list[str]:
        paths.append(path)
        return lines(path, *limit)

    monkeypatch.setattr(git_excludes, "_lines", counted)
    (tmp_path / ".git").mkdir()
    (tmp_path / "ignore").write_text("a\n")
    return paths


def test_configuration_that_includes_itself_many_times_is_read_a_hundred_times(tmp_path, read):
    config = tmp_path / ".git" / "config"
    config.write_text("[include]\n" + "path = config\n" * 50 + "[core]\nexcludesFile = ignore\n")
    git_excludes.excluded_everywhere(str(tmp_path))
    assert len(read) <= 101


def test_configurations_that_include_each_other_end(tmp_path, read):
    (tmp_path / ".git" / "config").write_text("[include]\npath = other\npath = other\n")
    (tmp_path / ".git" / "other").write_text("[include]\npath = config\npath = config\n")
    assert git_excludes.excluded_everywhere(str(tmp_path)) == []
    assert len(read) <= 101


def test_configurations_that_are_included_one_after_the_other_are_read(tmp_path, read):
    names = ["config", *(f"part{number}" for number in range(9))]
    for name, following in zip(names, [*names[1:], ""], strict=True):
        end = f"[include]\npath = {following}\n" if following else "[core]\nexcludesFile=ignore\n"
        (tmp_path / ".git" / name).write_text(end)
    assert git_excludes.excluded_everywhere(str(tmp_path)) == ["a"]
