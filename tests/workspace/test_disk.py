"""A server's analyses never wait for other files: what is not known yet is looked at aside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ckptls.workspace.disk import Disk, SeenDisk
from ckptls.workspace.settings import Settings
from ckptls.workspace.workspace import Workspace

ASKED: list[str] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and "disk-test" in str(arguments[0]):
        ASKED.append(str(arguments[0]))


sys.addaudithook(_note)  # it stays for the life of the process: there is no way to remove one

HEAD = "import tensorflow as tf\n"
CODE = HEAD + "from utils import read\nread('a.ckpt', 'x')\n"
# `read` comes from two modules further on.
FILES = {
    "utils.py": HEAD + "from paths import read\n",
    "paths.py": HEAD + "from last import load as read\n",
    "last.py": HEAD + "load = tf.train.load_variable\n",
}


class Project:
    """A folder with a document open in it, of which all else is known by looking aside."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "disk-test"
        self.folder.mkdir()
        for name, text in FILES.items():
            (self.folder / name).write_text(text)
        self.disk = SeenDisk()
        self.workspace = Workspace(disk=self.disk)
        self.workspace.is_patient = False
        self.workspace.add_folder(self.folder, Settings())
        path = self.folder / "train.py"
        self.document = self.workspace.open("train.py", path, CODE).document

    def sites(self) -> list[str]:
        """What the document names, without a look at any file."""
        ASKED.clear()
        self.document.forget()
        found = [site.text.template for site in self.document.analysis().sites]
        assert ASKED == []
        return found

    def look(self) -> bool:
        """Looks at what was asked for; whether there was any news."""
        is_news = self.disk.record_look(self.disk.take_wanted_paths().look())
        if is_news:
            self.workspace.invalidate_modules()
        return is_news

    def learn(self) -> None:
        """Looks until nothing is asked for any more."""
        for _ in range(10):
            self.sites()
            if not self.disk.has_wanted_paths:
                return
            self.look()
        raise AssertionError("it never ends")


def test_what_is_not_known_yet_is_asked_for_and_not_waited_for(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.sites() == []
    assert project.disk.has_wanted_paths and project.disk.has_unknown_paths
    project.learn()
    assert not project.disk.has_unknown_paths
    assert project.sites() == ["a.ckpt", "x"]


def test_a_look_at_what_is_as_before_is_no_news(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.learn()
    project.disk.invalidate()
    project.workspace.invalidate_modules()
    assert project.sites() == ["a.ckpt", "x"]  # as it was seen the last time
    assert project.disk.has_unknown_paths
    assert not project.look()


def test_files_that_change_come_and_go_are_seen_at_the_next_look(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.learn()
    last = project.folder / "last.py"
    for text, expected in (
        (HEAD + "load = print\n", []),
        (None, []),
        (FILES["last.py"], ["a.ckpt", "x"]),
    ):
        if text is None:
            last.unlink()
        else:
            last.write_text(text)
        project.disk.invalidate()
        project.workspace.invalidate_modules()
        project.learn()
        assert project.sites() == expected


def test_nothing_at_a_path_or_no_path_at_all_is_no_error() -> None:
    disk = SeenDisk()
    for odd in ("/disk-test/nothing", "/disk-test/a\0b", "/disk-test/\ud800"):
        assert disk.data(odd) is None and disk.names(odd) == frozenset()
    assert not disk.record_look(disk.take_wanted_paths().look())
    assert disk.stamp(os.devnull) is None
    disk.record_look(disk.take_wanted_paths().look())
    assert disk.data(os.devnull) is None  # no regular file


def test_only_what_may_be_imported_is_kept_of_a_directory(tmp_path: Path) -> None:
    for name in ("net.py", "image_1.png", "image_2.png", "Makefile", "notes.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "package").mkdir()
    assert Disk().names(str(tmp_path)) == {"net.py", "Makefile", "package"}
