"""Networks in the styles of public code: what reading finds of each, beside what TensorFlow made.

The truth is stored (`network_truth`), and `tests/oracle` makes it again. No name that reading is
sure of may be wrong, and no shape; how many it finds may only rise.
"""

from __future__ import annotations

import pytest

from ckptls.source.inventory.model_inventory import Certainty, Shape
from ckptls.source.inventory.restore_request import ProgramFacts
from ckptls.workspace.program_store import Program
from ckptls.workspace.settings import Settings
from ckptls.workspace.workspace import place_of
from program.network_comparison import compare
from program.network_truth import keras_of, programs, stored

# The share of the variables that must be found, where it is not all of them, in percent.
FOUND = {
    "estimator": 0,
    **dict.fromkeys(("keras2_cnn", "keras2_resnet", "keras2_subclass"), 0),
    **dict.fromkeys(("keras3_text", "keras3_transformer", "keras3_vgg"), 0),
}
COMPLETE = {
    *("bert", "config_net", "densenet", "gpt2", "inception_v1", "inception_v3", "lstm_lm"),
    *("mobilenet_v1", "mobilenet_v2", "resnet_v1", "squeezenet", "vgg16", "yolo_v3"),
}
# Programs of which restores are not followed yet.
RESTORES = {
    "ssd": 0,
    **dict.fromkeys(("keras2_cnn", "keras2_resnet"), 0),
    **dict.fromkeys(("keras3_text", "keras3_transformer", "keras3_vgg"), 0),
}


def follow(name: str) -> ProgramFacts:
    path = programs()[name]
    place = place_of(str(path.parent), Settings())
    facts = Program(str(path), path.read_text("utf-8"), {}, place, keras_of(path)).follow()
    assert facts is not None and not facts.is_cut
    return facts


def contradicts(shape: Shape | None, truth: list[int]) -> bool:
    """Whether a shape says something else than the truth."""
    if shape is None:
        return False
    return len(shape) != len(truth) or any(
        size is not None and size != there for size, there in zip(shape, truth, strict=True)
    )


@pytest.mark.parametrize("name", programs())
def test_what_is_said_of_a_network_is_true(name: str) -> None:
    facts, truth = follow(name), stored(name)["variables"]
    there = {each[0]: each for each in truth}
    sure = [v for v in facts.inventory.variables if v.is_exact and v.certainty is Certainty.MUST]
    assert [each.name for each in sure if each.name not in there] == []
    found = [v for v in facts.inventory.variables if v.is_exact and v.name in there]
    assert [v.name for v in found if contradicts(v.shape, there[v.name][1])] == []
    assert 100 * len(found) >= FOUND.get(name, 100) * len(truth)
    if facts.inventory.is_complete:
        assert [v.name for v in facts.inventory.variables] == [each[0] for each in truth]
    assert facts.inventory.is_complete >= (name in COMPLETE)


@pytest.mark.parametrize("name", programs())
def test_flags_collections_and_restores_are_those_of_tensorflow(name: str) -> None:
    result = compare(name, programs()[name], stored(name))
    assert result.wrong == []
    assert result.restores >= RESTORES.get(name, result.asked), result.gaps


def test_most_variables_of_all_networks_are_found() -> None:
    """Of networks that are not of Keras: at least 95 percent in all."""
    found = total = 0
    for name in programs():
        if not name.startswith("keras"):
            names = {each[0] for each in stored(name)["variables"]}
            exact = {v.name for v in follow(name).inventory.variables if v.is_exact}
            found, total = found + len(names & exact), total + len(names)
    print(f"{found} of {total} variables")
    assert found >= 0.95 * total
