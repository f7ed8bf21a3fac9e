"""What hover, doctor and the lens say of a string agrees with the findings about it."""

from __future__ import annotations

import re

import pytest

from ckptls.features.annotations.code_lens import lenses
from ckptls.features.common.results import Finding
from ckptls.features.hover.explain import explain
from conftest import HEAD, Project

# Codes of findings that say that a name is not in the checkpoint.
ABSENT = {
    *("unknown-variable", "unknown-scope", "missing-value-suffix", "tensor-suffix"),
    "unknown-layer",
}
PROGRAMS = {
    "names": """
        reader = tf.train.load_checkpoint("net.ckpt")
        reader.get_tensor("net/fc/weights")
        reader.get_tensor("net/fc/weight")
        reader.get_tensor("net/fc/weights:0")
        reader.get_tensor("net/fc")
        reader.get_tensor("other/far/off")
        tf.train.load_variable("net.ckpt", "net/fc/biases")
        tf.train.load_variable("./net.ckpt", "fc/biases")
        shapes = reader.get_variable_to_shape_map()
        shapes["net/fc/biases"], shapes["net/fc/baises"]
        """,
    "maps": """
        tf.train.init_from_checkpoint("net.ckpt", {"net/": "a/", "nett/": "b/", "/": "c/"})
        w = tf.get_variable("w", [2])
        tf.train.init_from_checkpoint("net.ckpt", {"net/fc/biases": w, "net/fc/bias": w})
        tf.train.Saver({"net/fc/weights": w, "net/fc/wieghts": w}).restore(session, "net.ckpt")
        """,
    "objects": """
        reader = tf.train.load_checkpoint("obj")
        reader.get_tensor("net/w/.ATTRIBUTES/VARIABLE_VALUE")
        reader.get_tensor("net/w")
        reader.get_tensor("w")
        reader.get_tensor("dense/kernel")
        reader.get_tensor("net/v/.ATTRIBUTES/VARIABLE_VALUE")
        """,
    "saved model": """
        reader = tf.train.load_checkpoint("saved/variables/variables")
        reader.get_tensor("net/w/.ATTRIBUTES/VARIABLE_VALUE")
        reader.get_tensor("net/w")
        """,
    "layers": """
        from tensorflow import keras
        model = keras.Sequential([
            keras.layers.Dense(2, name="dense"), keras.layers.Dense(2, name="dens_2"),
        ])
        model.load_weights("w.h5", by_name=True)
        model.get_layer("dense")
        model.get_layer("dense_2")
        """,
    "old Python": """
        print "reading"
        reader = tf.train.NewCheckpointReader("net.ckpt")
        print reader.get_tensor("net/fc/weights"), reader.get_tensor("net/fc/weight")
        """,
    "a magic": """
        %matplotlib inline
        tf.train.load_variable("net.ckpt", "net/fc/weights")
        tf.train.load_variable("net.ckpt", "net/fc/weight")
        """,
}


@pytest.fixture
def zoo(project: Project) -> Project:
    project.listing("net.ckpt", {"net/fc/weights": (2,), "net/fc/biases": (2,)})
    for prefix in ("obj", "saved/variables/variables"):
        (project.root / prefix).parent.mkdir(parents=True, exist_ok=True)
        project.objects(prefix, "net/w=dense/kernel")
    project.file("saved/saved_model.pb", "")
    project.keras("w.h5", "dense", "dense_2")
    return project


def hovered(project: Project, text: str, offset: int) -> str:
    return project.hover(text[len(HEAD) : offset] + "<cursor>" + text[offset:])


def flags(project: Project, snippet: str, offset: int) -> list[bool | None]:
    """Whether the checkpoints have what the string at an offset names, as doctor says."""
    opened, _ = project.opened(snippet)
    workspace = project.workspace
    told = explain(opened.document, offset, lambda a: workspace.binder(opened, a, workspace.load))
    stored = (naming for naming in told.namings if naming.role in ("variable", "scope", "layer"))
    return [has_it for naming in stored for _, has_it in naming.checkpoints]


def at(found: list[Finding], offset: int) -> set[str]:
    return {each.code for each in found if each.span.start <= offset <= each.span.end}


@pytest.mark.parametrize("snippet", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_name_is_there_for_all_of_them_or_for_none(zoo: Project, snippet: str) -> None:
    text, found = zoo.findings(snippet)
    assert any(each.code in ABSENT for each in found)
    for each in found:
        if each.code in ABSENT:
            offset = each.span.start
            assert True not in flags(zoo, snippet, offset), each
            told = hovered(zoo, text, offset)
            assert "is not" in told or "no layer" in told or not told, (each, told)
    for literal in re.finditer(r'"([^"\n]+)"', text):
        stored = flags(zoo, snippet, literal.start(1))
        if stored and all(stored):
            assert not at(found, literal.start(1)) & ABSENT, literal[1]
            assert "is not" not in hovered(zoo, text, literal.start(1)), literal[1]
        elif False in stored:
            assert at(found, literal.start(1)) & ABSENT, literal[1]


def test_the_lens_counts_as_the_findings_do(zoo: Project) -> None:
    binder = zoo.binder(PROGRAMS["maps"])
    text, found = zoo.findings(PROGRAMS["maps"])
    wrong = {text[each.span.start : each.span.end].rstrip("/") for each in found}
    for lens in lenses(binder):
        assert {name.rstrip("/") for name in lens.missing} <= wrong
        assert not {name.rstrip("/") for name in lens.found} & wrong


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
FAULTS = {
    "a pointer as the index": ("lfs.index", POINTER, "lfs"),
    "a pointer as the data": ("net.ckpt.data-00000-of-00001", POINTER, "net.ckpt"),
    "junk": ("junk.index", "\1\2\3", "junk"),
    "a pointer as a file": ("m.ckpt", POINTER, "m.ckpt"),
}


@pytest.mark.parametrize(("name", "content", "path"), FAULTS.values(), ids=FAULTS.keys())
def test_what_cannot_be_read_is_said_by_each(
    zoo: Project, name: str, content: str, path: str
) -> None:
    zoo.file(name, content)
    snippet = f'tf.train.Saver().restore(session, "{path}")'
    text, (finding,) = zoo.findings(snippet)
    assert finding.code == "unreadable-checkpoint"
    reason = "Git LFS pointer" if content == POINTER else "junk.index"
    assert reason in finding.message
    assert reason in hovered(zoo, text, finding.span.start)
    opened, _ = zoo.opened(snippet)
    told = explain(
        opened.document,
        finding.span.start,
        lambda a: zoo.workspace.binder(opened, a, zoo.workspace.load),
    )
    assert reason in told.text
