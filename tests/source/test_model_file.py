"""Model files: what is read from one, and that what does not fit is an error with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ckptls.source.inventory.model_file import ModelFileError, read_model_file
from ckptls.source.inventory.model_inventory import Purpose
from ckptls.source.inventory.restore_request import Reaction, RestoreKind

WEIGHTS = {
    "name": "net/w",
    "shape": [None, 3],
    "dtype": "float32",
    "trainable": True,
    "collections": ["variables", "trainable_variables"],
    "graph": 0,
    "maker": "tf_slim.conv2d",
    "at": ["train.py:9", "nets/net.py:4"],
}


def document(**changes: Any) -> str:
    whole: dict[str, Any] = {
        "format": "ckptls model",
        "version": 1,
        "program": {"target": "train.py"},
        "python": "3.7.16",
        "libraries": {"tensorflow": "1.15.5"},
        "gaps": [],
        "files": [{"path": "train.py", "sha256": "0" * 64}],
        "variables": [WEIGHTS],
        "restores": [],
    }
    return json.dumps(whole | changes)


def test_a_variable_is_read_whole() -> None:
    asked = []

    def find_span(path: str, line: int) -> tuple[int, int]:
        asked.append((path, line))
        return 10, 20

    model = read_model_file(document(), "/project", find_span)
    (variable,) = model.facts.inventory.variables
    assert (variable.name, variable.shape, variable.dtype) == ("net/w", (None, 3), "float32")
    assert variable.is_trainable and "trainable_variables" in variable.collections
    assert variable.maker == "tf_slim.conv2d"
    assert variable.place is not None
    assert Path(variable.place.path or "") == Path("/project/nets/net.py")
    assert (variable.place.line, variable.place.start, variable.place.end) == (3, 10, 20)
    assert [each.line for each in variable.name_places] == [8, 3]
    assert len(asked) == 2
    assert model.facts.inventory.is_complete
    assert [Path(each).name for each in model.checksums] == ["train.py"]


def test_what_libraries_keep_is_left_out_unless_a_saver_takes_it() -> None:
    metric = WEIGHTS | {"name": "total", "internal": "metric", "collections": ["metric_variables"]}
    counter = WEIGHTS | {"name": "iterations", "internal": "optimizer"}
    model = read_model_file(document(variables=[WEIGHTS, metric, counter]), "/p")
    assert [each.name for each in model.facts.inventory.variables] == ["net/w", "iterations"]


def test_a_gap_makes_it_incomplete() -> None:
    gaps = [{"reason": "the program ended with OSError", "at": ["train.py:3"]}]
    inventory = read_model_file(document(gaps=gaps), "/p").facts.inventory
    assert not inventory.is_complete
    assert inventory.gaps[0].reason == "the program ended with OSError"
    assert inventory.gaps[0].place is not None and inventory.gaps[0].place.line == 2


def test_a_restore_has_what_was_there_in_its_graph() -> None:
    other = WEIGHTS | {"name": "of/another/graph", "graph": 1}
    later = WEIGHTS | {"name": "later", "purpose": "slot", "of": "net/w"}
    restore = {
        "function": "tensorflow.train.Saver.restore",
        "kind": "names",
        "path": "run/model.ckpt",
        "made": 2,
        "at": ["train.py:12"],
        "asks": [["old/w", 0]],
        "on_missing": "skips",
    }
    model = read_model_file(document(variables=[WEIGHTS, other, later], restores=[restore]), "/p")
    (found,) = model.facts.restores
    assert [(each.key, each.variable.name) for each in found.items] == [("old/w", "net/w")]
    assert [each.name for each in found.model.variables] == ["net/w"]
    assert (found.kind, found.on_missing) == (RestoreKind.NAMES, Reaction.SKIPS)
    assert found.place.line == 11
    slot = model.facts.inventory.variables[-1]
    assert (slot.purpose, slot.of) == (Purpose.SLOT, "net/w")


@pytest.mark.parametrize(
    ("path", "more", "kind"),
    [
        ("a.h5", {}, RestoreKind.LAYERS_BY_ORDER),
        ("a.h5", {"by_name": True}, RestoreKind.LAYERS_BY_NAME),
        ("a.weights.h5", {"library": "keras"}, RestoreKind.LAYERS_BY_PATH),
        ("a.weights.h5", {"library": "tf_keras"}, RestoreKind.LAYERS_BY_ORDER),
        ("ckpt/a", {}, RestoreKind.OBJECTS),
    ],
)
def test_weights_of_keras_go_by_the_kind_of_file(
    path: str, more: dict[str, Any], kind: RestoreKind
) -> None:
    restore: dict[str, Any] = {
        "function": "keras.Model.load_weights",
        "kind": "layers",
        "path": path,
        "asks": [],
    }
    restore |= {"layers": [["dense", [0]]], "at": [], **more}
    (found,) = read_model_file(document(restores=[restore]), "/p").facts.restores
    assert found.kind is kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "invalid JSON"),
        ("[" * 100_000, "invalid JSON"),
        ("[]", 'no `"format"'),
        ("{}", 'no `"format"'),
        (document(version=2), "version 2; this ckptls reads version 1"),
        (document(variables={}), "variables: `variables` is not a list"),
        (document(variables=[{"shape": []}]), r"variables\[0\]: `name` is not a string"),
        (document(variables=[WEIGHTS | {"shape": [-1]}]), r"variables\[0\]: `shape`"),
        (document(variables=[WEIGHTS | {"shape": [1.5]}]), r"variables\[0\]: `shape`"),
        (document(variables=[WEIGHTS | {"at": 3}]), r"variables\[0\]: `at` is not a list"),
        (document(variables=[WEIGHTS | {"part": {"offsets": [1]}}]), r"variables\[0\]: `part`"),
        (document(files=[1]), r"files\[0\]: `path` is not a string"),
        (document(program=[]), "program: `program` is not an object"),
        (
            document(restores=[{"function": "f", "asks": [["a", 5]]}]),
            r"restores\[0\]: \['a', 5\] is not a key",
        ),
        (document(restores=[None]), r"restores\[0\]: `function`"),
    ],
)
def test_what_does_not_fit_is_an_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ModelFileError, match=message):
        read_model_file(text, "/p")
