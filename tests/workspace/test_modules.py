"""Which files are looked at at all, and what happens when other files change."""

from __future__ import annotations

import tracemalloc

from ckptls.workspace.callers import ProjectCalls
from ckptls.workspace.modules import ModuleStore, imported_names
from support.memory import tree_bytes

LOADS = 'import tensorflow as tf\ndef load(p):\n    return tf.train.load_variable(p, "x")\n'


def analysed(project, text: str, name: str = "train.py"):
    opened = project.workspace.open(name, project.root / name, text)
    return [site.text.template for site in opened.document.analysis().sites]


USE = 'import utils\nutils.load("a.ckpt", "x")\n'


def test_a_file_without_tensorflow_is_looked_at_if_what_it_imports_has_it(project):
    project.file("plain.py", "def load(p, n):\n    return p + n\n")
    project.file("middle.py", "import tensorflow as tf\nread = tf.train.load_variable\n")
    project.file("utils.py", "from middle import read\ndef load(p, n):\n    return read(p, n)\n")
    assert analysed(project, USE) == ["a.ckpt", "x"]
    assert analysed(project, USE.replace("utils", "plain"), "other.py") == []


def test_a_file_with_a_function_of_the_users_own_is_looked_at(project):
    entry = {"names": ["lib.fetch"], "parameters": ["name"], "roles": {"name": "variable"}}
    code = 'from lib import fetch\nfetch("x")\n'
    assert analysed(project, code) == []
    project.settings(functions=[entry])
    assert analysed(project, code) == ["x"]


def test_a_module_that_changes_is_read_again(project):
    opened = project.workspace.open("utils", project.root / "utils.py", 'P = "a.ckpt"\n')
    project.file("utils.py", 'P = "a.ckpt"\n')
    train = (
        "import tensorflow as tf\nfrom utils import P\ntf.train.load_checkpoint(P).get_tensor('n')"
    )
    document = project.workspace.open("t", project.root / "train.py", train).document

    def path() -> list[str | None]:
        document.forget()
        return [use.text.literal for use in document.analysis().sites[-1].paths]

    assert path() == ["a.ckpt"]
    place = opened.document.text.index("a.ckpt")
    opened.document.edit(place, place + 1, "b")
    assert path() == ["b.ckpt"]
    opened.document.replace('Q = "b.ckpt"\n')
    assert path() == [None]


def test_a_module_that_nobody_has_saved_is_found_as_soon_as_it_is_opened(project):
    train = "import tensorflow as tf\nfrom utils import P\ntf.train.load_variable(P, 'n')\n"
    document = project.workspace.open("t", project.root / "train.py", train).document
    assert document.analysis().sites[-1].paths[0].text.literal is None
    project.workspace.open("u", project.root / "utils.py", 'P = "a.ckpt"\n')
    document.forget()
    assert document.analysis().sites[-1].paths[0].text.literal == "a.ckpt"


def test_a_module_that_is_open_under_two_addresses_stays_open_when_one_is_closed(project):
    project.file("utils.py", "import tensorflow as tf\nP = 'disk.ckpt'\n")
    text = "import tensorflow as tf\nP = '{}.ckpt'\n"
    for key in ("one", "other"):
        project.workspace.open(key, project.root / "utils.py", text.format(key))
    code = "import tensorflow as tf\nfrom utils import P\ntf.train.load_variable(P, 'x')\n"
    for closed, expected in (("other", "one.ckpt"), ("one", "disk.ckpt")):
        project.workspace.close(closed)
        opened = project.workspace.open("t", project.root / "train.py", code)
        (use,) = opened.document.analysis().sites[0].paths
        assert use.text.template == expected


def test_imports_are_found_without_parsing():
    text = b"""
import a, b.c as d
from e.f import g, h as i
from . import j
from .k import (
    l,
    m)
import tensorflow as tf
x = "import y"
"""
    names = set(imported_names(text))
    assert {"a", "b.c", "e.f", "e.f.g", ".", ".j", ".k", ".k.l", ".k.m"} <= names
    assert not names & {"tensorflow", "y"}


def test_a_server_reads_other_files_in_the_background(project):
    """Nothing is read while a document is analysed; the question is noted instead."""
    project.checkpoint("a.ckpt", a__w=[2])
    code = LOADS
    project.file("utils.py", code)
    project.file("train.py", 'from utils import load\nload("a.ckpt")\n')
    project.workspace.is_patient = False
    document = project.workspace.open("utils.py", project.root / "utils.py", code).document
    assert [use.text.literal for use in document.analysis().sites[0].paths] == [None]
    (wanted,) = project.folder.wanted
    project.folder.look_for_calls(*wanted)
    document.forget()
    assert [use.text.literal for use in document.analysis().sites[-1].paths] == ["a.ckpt"]
    assert not project.folder.wanted


def test_files_that_change_while_their_calls_are_collected(project):
    """The editor tells of it in one thread while another reads: see `ProjectCalls.renew`."""
    project.checkpoint("a.ckpt", a__w=[2])
    utils = str(project.file("utils.py", LOADS))
    train = str(project.file("train.py", 'from utils import load\nload("a.ckpt")\n'))

    def files():
        yield from (utils, train)
        calls.clear()

    calls = ProjectCalls(files, ModuleStore(), project.folder.place)
    for _ in range(2):
        assert list(calls.find_calls(utils, frozenset({"load"}))) == ["load"]


def test_what_is_forgotten_while_it_is_looked_for_is_asked_for_again(project, monkeypatch):
    utils = str(project.file("utils.py", LOADS))
    project.file("train.py", 'from utils import load\nload("a.ckpt")\n')
    asked = utils, frozenset({"load"})
    folder = project.folder
    folder.wanted[asked] = None
    folder.look_for_calls(*asked)
    assert not folder.wanted

    python_files = folder._project._files

    def changing():
        yield from python_files()
        folder.forget_calls()

    folder.forget_calls()
    monkeypatch.setattr(folder._project, "_files", changing)
    folder.look_for_calls(*asked)
    assert list(folder.wanted) == [asked]
    assert not folder.calls


def test_modules_are_let_rest_and_still_read(project):
    project.file("utils.py", LOADS + "def other(p):\n    return tf.train.load_variable(p, 'y')\n")
    code = "import utils\nutils.load('a.ckpt')\n"
    document = project.workspace.open("t.py", project.root / "t.py", code).document
    assert [site.text.template for site in document.analysis().sites] == ["a.ckpt"]
    tracemalloc.start()
    try:
        project.workspace.invalidate_modules()
        project.file(
            "utils.py", LOADS.replace("'x'", "'z'") + "def other(p):\n    return load(p)\n"
        )
        document.forget()
        assert document.analysis().sites
        awake = tree_bytes()
        project.workspace.rest_modules()
        assert tree_bytes() < 0.5 * awake
    finally:
        tracemalloc.stop()
    document.edit(len(code), len(code), "utils.other('b.ckpt')\n")
    assert [site.text.template for site in document.analysis().sites] == ["a.ckpt", "b.ckpt"]


def test_calls_of_names_that_were_typed_on_the_way_are_forgotten(project):
    project.checkpoint("a.ckpt", a__w=[2])
    project.file("train.py", 'from utils import load_it\nload_it("a.ckpt")\n')
    project.file("utils.py", LOADS.replace("load(", "load_it("))
    other = project.file("other.py", LOADS)
    document = project.workspace.open("utils.py", project.root / "utils.py", LOADS).document
    project.workspace.open("other.py", other, LOADS).document.analysis()
    offset = LOADS.index("load(") + len("load")
    for letter in "_a_long_name_that_is_no_good":
        document.edit(offset, offset, letter)
        document.analysis()
    document.edit(offset, document.text.index("(p)"), "_it")
    assert [use.text.literal for use in document.analysis().sites[-1].paths] == ["a.ckpt"]
    asked = list(project.folder.calls)
    assert len(asked) < 12
    assert (str(other), frozenset({"load"})) in asked


def test_a_project_that_is_a_package_itself_imports_from_itself(project):
    """As those do that are run with `python -m albert.train` from the folder above."""
    package = project.root.name
    project.file("modeling.py", LOADS)
    use = "from {} import modeling\nmodeling.load('a.ckpt')\n"
    assert analysed(project, use.format(package), "here.py") == ["a.ckpt"]
    assert analysed(project, use.format("another"), "there.py") == []
