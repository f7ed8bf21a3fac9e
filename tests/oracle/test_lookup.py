"""Hover, findings, hints, colours and `doctor` say the same of one string."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckptls.features.annotations.inlay_hints import hints
from ckptls.features.annotations.semantic_tokens import Standing, tokens
from ckptls.features.hover.explain import explain
from ckptls.source.text.source_text import Span

OBJECTS = ("layer-0/kernel=belly/kernel", "layer-0/bias=belly/bias")
KEY = "layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that Keras 3 writes, whose groups are called by classes."""
    import keras

    folder = tmp_path_factory.mktemp("keras")
    first = keras.Input((2,))
    inner = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(3, name="hidden")], name="block"
    )
    trunk = keras.layers.Dense(3, name="trunk")(first)
    model = keras.Model(first, keras.layers.Dense(4, name="head")(trunk))
    nested = keras.Model(first, keras.layers.Dense(4, name="head")(inner(trunk)))
    for name, each in (("w", model), ("n", nested)):
        each.save_weights(folder / f"{name}.weights.h5")
        each.save(folder / f"{name}.keras")
        each.save(folder / f"{name}.h5")
    return folder


@pytest.fixture
def keras_files(project, files):
    for path in files.iterdir():
        (project.root / path.name).write_bytes(path.read_bytes())
    return project


def about(project, snippet: str) -> tuple[str, list[str], bool | None, list[str]]:
    """Hover, codes of findings, what `doctor` says of the checkpoint, and labels of hints."""
    opened, offset = project.opened(snippet)
    workspace = project.workspace

    def binder(analysis):
        return workspace.binder(opened, analysis, workspace.load)

    naming = explain(opened.document, offset, binder).namings[0]
    text, found = project.findings(snippet.replace("<cursor>", ""))
    span = Span(0, len(text))
    shown = [each.label for each in hints(binder(opened.document.analysis()), span)]
    codes = [each.code for each in found]
    return project.hover(snippet), codes, naming.checkpoints[0][1], shown


def standing(project, snippet: str) -> Standing:
    return tokens(project.binder(snippet.replace("<cursor>", "")))[-1].standing


def test_a_name_of_the_model_is_no_key(project):
    project.objects("a", *OBJECTS)
    snippet = 'tf.train.load_checkpoint("a").get_tensor("belly/ker<cursor>nel")'
    hover, codes, is_there, shown = about(project, snippet)
    assert hover.startswith("belly/kernel is not a key: the model uses this name for the variable")
    assert (codes, is_there, shown) == (["unknown-variable"], False, [])
    assert standing(project, snippet) is Standing.UNKNOWN
    assert project.fixed(snippet.replace("<cursor>", "")).endswith(f'get_tensor("{KEY}")')


def test_a_key_is_one(project):
    project.objects("a", *OBJECTS)
    snippet = f'tf.train.load_checkpoint("a").get_tensor("<cursor>{KEY}")'
    hover, codes, is_there, shown = about(project, snippet)
    assert "not a key" not in hover and hover.startswith(KEY)
    assert (codes, is_there, shown) == ([], True, ["[2]"])
    assert standing(project, snippet) is Standing.FOUND


def test_a_saver_finds_names_of_the_model(project):
    project.objects("a", *OBJECTS)
    snippet = """
        kernel = tf.get_variable("v", [2])
        tf.train.Saver({"belly/ker<cursor>nel": kernel}).restore(session, "a")
        """
    hover, codes, _, _ = about(project, snippet)
    assert "called belly/kernel in the model" in hover
    assert codes == []


LOADED = 'model = tf.keras.models.Model()\nmodel.load_weights("{}")\nmodel.get_layer("{}<cursor>")'


@pytest.mark.parametrize("file", ["w.weights.h5", "w.keras", "w.h5"])
def test_a_layer_is_in_each_file_that_has_it(keras_files, file):
    hover, codes, is_there, _ = about(keras_files, LOADED.format(file, "head"))
    assert hover.startswith("layer head")
    assert "2 variables · 16 parameters" in hover
    assert f"in {file}" in hover
    assert (codes, is_there) == ([], True)


@pytest.mark.parametrize("file", ["w.weights.h5", "w.keras", "w.h5"])
def test_a_layer_is_in_none(keras_files, file):
    hover, codes, is_there, _ = about(keras_files, LOADED.format(file, "trnuk"))
    assert hover == f"no layer trnuk in {file}\n\nnearest: trunk"
    assert (codes, is_there) == (["unknown-layer"], False)


@pytest.mark.parametrize("file", ["n.weights.h5", "n.keras", "n.h5"])
def test_a_layer_of_a_model_in_the_model_is_not_missed(keras_files, file):
    hover, codes, is_there, _ = about(keras_files, LOADED.format(file, "hidden"))
    assert "no layer" not in hover
    assert (codes, is_there) == ([], None)


def test_checkpoints_of_objects_do_not_name_layers(project):
    project.objects("a", *OBJECTS)
    snippet = """
        reader = tf.train.load_checkpoint("a")
        tf.keras.layers.Dense(2, name="belly<cursor>")
        """
    hover, codes, _, _ = about(project, snippet)
    assert (hover, codes) == ("", [])


def test_a_layer_that_the_code_makes_is_offered_to_get_layer(keras_files):
    keras_files.checks(
        """
        model = tf.keras.Sequential([tf.keras.layers.Dense(2, name="trunk")])
        model.load_weights("w.h5")
        model.get_layer("trnuk")  # warning: [unknown-layer] `trunk`
        model.get_layer("trunk")
        """
    )
