"""What differs between two checkpoints, and what is believed to be renamed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

import ckptls
from ckptls.checkpoint.compare.diff import Diff, compare
from ckptls.checkpoint.compare.rename_groups import rename_groups
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.model.checkpoint import Checkpoint

EXAMPLE = Path(__file__).parents[2] / "examples" / "vgg16" / "ckpts" / "vgg_16.ckpt"
Shapes = dict[str, tuple[int, ...]]


def checkpoint(shapes: Shapes) -> Checkpoint:
    """A checkpoint of float32 variables."""
    names = sorted(shapes)
    return Checkpoint("m", Format.V2, names, [("float32", shapes[name]) for name in names])


def diff(before: Shapes, after: Shapes, only: Sequence[str] = ()) -> Diff:
    return compare(checkpoint(before), checkpoint(after), only)


def renames(before: Shapes, after: Shapes) -> dict[str, str]:
    return dict(diff(before, after).renamed)


def vgg() -> Shapes:
    return {each.name: each.shape for each in ckptls.open(EXAMPLE).variables()}


def bert(layers: range, scope: str = "bert/encoder/layer_{}") -> Shapes:
    """Layers that are alike in all shapes."""
    parts: Shapes = {
        "attention/query/kernel": (8, 8),
        "attention/key/kernel": (8, 8),
        "attention/value/kernel": (8, 8),
        "attention/query/bias": (8,),
        "output/dense/kernel": (32, 8),
        "output/LayerNorm/gamma": (8,),
        "output/LayerNorm/beta": (8,),
    }
    return {f"{scope.format(i)}/{part}": shape for i in layers for part, shape in parts.items()}


def test_two_steps_of_one_run_do_not_differ() -> None:
    found = diff(vgg(), vgg())
    assert found.is_empty
    assert len(found.same) == 34


def test_added_dropped_and_changed_variables_are_told_apart() -> None:
    found = diff({"a": (1,), "b": (2,), "c": (3,)}, {"b": (2, 2), "c": (3,), "d": (4,)})
    assert [each.name for each in found.only_before] == ["a"]
    assert [each.name for each in found.only_after] == ["d"]
    assert [(each.before.shape, each.after.shape) for each in found.changed] == [((2,), (2, 2))]
    assert found.same == (("c", "c"),)
    assert not found.is_empty


def test_another_dtype_is_a_change() -> None:
    other = Checkpoint("n", Format.V2, ["a"], [("float16", (1,))])
    (change,) = compare(checkpoint({"a": (1,)}), other).changed
    assert (change.before.dtype, change.after.dtype) == ("float32", "float16")


RENAMINGS: list[tuple[str, Callable[[str], str], list[tuple[str, str, int]]]] = [
    (
        "words that changed over the years",
        lambda name: name.replace("weights", "kernel").replace("biases", "bias"),
        [("*/biases", "*/bias", 16), ("*/weights", "*/kernel", 16)],
    ),
    ("a scope around all", lambda name: f"model/{name}", [("*", "model/*", 34)]),
    (
        "without the outer scope",
        lambda name: name.removeprefix("vgg_16/"),
        [("vgg_16/*", "*", 33)],
    ),
    (
        "another outer scope",
        lambda name: name.replace("vgg_16", "vgg_19"),
        [("vgg_16/*", "vgg_19/*", 33)],
    ),
    (
        "an inner scope",
        lambda name: name.replace("/fc8/", "/logits/"),
        [("vgg_16/fc8/*", "vgg_16/logits/*", 2)],
    ),
    (
        "numbered scopes",
        lambda name: re.sub(r"conv(\d)/conv", r"block\1/conv", name),
        [("vgg_N/convN/*", "vgg_N/blockN/*", 26)],
    ),
    (
        "scope and word at once",
        lambda name: name.replace("vgg_16", "net").replace("weights", "kernel"),
        [("vgg_16/*", "net/*", 17), ("vgg_16/*/weights", "net/*/kernel", 16)],
    ),
    (
        "numbers that start at 0",
        lambda name: re.sub(r"fc(\d)", lambda match: f"dense_{int(match[1]) - 6}", name),
        [
            ("vgg_16/fc6/*", "vgg_16/dense_0/*", 2),
            ("vgg_16/fc7/*", "vgg_16/dense_1/*", 2),
            ("vgg_16/fc8/*", "vgg_16/dense_2/*", 2),
        ],
    ),
]


@pytest.mark.parametrize(
    ("renamed", "groups"), [each[1:] for each in RENAMINGS], ids=[each[0] for each in RENAMINGS]
)
def test_a_renaming_is_found_whole_and_told_once(
    renamed: Callable[[str], str], groups: list[tuple[str, str, int]]
) -> None:
    before = vgg()
    after = {renamed(name): shape for name, shape in before.items()}
    found = diff(before, after)
    expected = {(name, renamed(name)) for name in before if renamed(name) not in before}
    assert set(found.renamed) == expected
    assert not (found.only_before or found.only_after or found.changed)
    told = [(each.before, each.after, len(each.pairs)) for each in rename_groups(found.renamed)]
    assert told == groups


def test_layers_of_equal_shapes_keep_their_numbers() -> None:
    found = renames(bert(range(12)), bert(range(12), "encoder/block_{}"))
    assert found == {
        name: name.replace("bert/encoder/layer", "encoder/block") for name in bert(range(12))
    }


def test_layers_that_are_gone_do_not_keep_the_others_from_being_found() -> None:
    found = diff(bert(range(12)), bert(range(6), "encoder/block_{}"))
    assert dict(found.renamed) == {
        name: name.replace("bert/encoder/layer", "encoder/block") for name in bert(range(6))
    }
    assert {each.name for each in found.only_before} == bert(range(6, 12)).keys()


def test_a_layer_more_at_one_end_and_less_at_the_other_is_no_renaming() -> None:
    found = diff(bert(range(12)), bert(range(1, 13)))
    assert found.renamed == ()
    assert {each.name for each in found.only_before} == bert(range(1)).keys()
    assert {each.name for each in found.only_after} == bert(range(12, 13)).keys()


def test_a_series_that_was_built_anew_is_matched_in_order() -> None:
    names = ["dense/kernel", "dense_1/kernel", "dense_9/kernel", "dense_10/kernel"]
    later = [f"dense_{i}/kernel" for i in (11, 12, 13, 14)]
    found = renames(dict.fromkeys(names[1:], (3, 3)), dict.fromkeys(later[1:], (3, 3)))
    assert found == dict(zip(names[1:], later[1:], strict=True))


def layers(*sizes: int, scope: str = "conv2d", leaf: str = "") -> Shapes:
    found: Shapes = {}
    for i, (one, two) in enumerate(pairwise(sizes)):
        name = f"{scope}_{i}" if i else scope
        found |= {f"{name}/kernel{leaf}": (3, 3, one, two), f"{name}/bias{leaf}": (two,)}
    return found


def test_a_layer_put_in_front_moves_the_others_up() -> None:
    found = diff(layers(3, 64, 64, 128), layers(3, 3, 64, 64, 128))
    assert {each.name for each in found.only_after} == {"conv2d/kernel", "conv2d/bias"}
    assert not found.only_before
    assert not found.changed
    assert dict(found.renamed) == {
        f"conv2d{old}/{leaf}": f"conv2d{new}/{leaf}"
        for old, new in (("", "_1"), ("_1", "_2"), ("_2", "_3"))
        for leaf in ("kernel", "bias")
    }


def test_a_layer_taken_out_moves_the_others_down_in_object_based_keys_too() -> None:
    options = {"scope": "model/layer_with_weights", "leaf": "/.ATTRIBUTES/VARIABLE_VALUE"}
    found = diff(layers(3, 16, 32, 64, **options), layers(16, 32, 64, **options))
    assert len(found.only_before) == 2
    assert not found.only_after
    assert len(found.renamed) == 4


def test_shapes_that_merely_changed_are_no_shift() -> None:
    found = diff(layers(3, 64, 10), layers(3, 32, 20))
    assert len(found.changed) == 4
    assert found.renamed == ()


def test_what_is_ambiguous_is_not_guessed() -> None:
    assert renames({"x/w": (3,), "y/w": (3,)}, {"p/w": (3,), "q/w": (3,)}) == {}
    assert renames({"alpha": ()}, {"omega": ()}) == {}
    assert renames({"a/b/w": (3,)}, {"c/a/b/w": (3,), "d/a/b/w": (3,)}) == {}


def test_another_shape_or_dtype_is_never_a_renaming() -> None:
    assert renames({"a/b/w": (3,)}, {"c/a/b/w": (4,)}) == {}


def test_models_that_have_nothing_in_common_have_no_renamings() -> None:
    assert renames(vgg(), bert(range(12))) == {}


def test_a_new_head_in_a_renamed_scope_is_told_as_changed() -> None:
    before = vgg()
    after = {name.replace("vgg_16", "net"): shape for name, shape in before.items()}
    after["net/fc8/weights"], after["net/fc8/biases"] = (1, 1, 4096, 10), (10,)
    found = diff(before, after)
    assert [(each.before.name, each.after.name) for each in found.changed] == [
        ("vgg_16/fc8/biases", "net/fc8/biases"),
        ("vgg_16/fc8/weights", "net/fc8/weights"),
    ]
    assert not (found.only_before or found.only_after)


def test_patterns_select_by_the_name_on_either_side() -> None:
    before = vgg()
    after = {name.replace("fc8", "logits"): shape for name, shape in before.items()}
    for pattern in ("*/fc8/*", "*logits*"):
        found = diff(before, after, [pattern])
        assert len(found.renamed) == 2
        assert found.same == ()
    assert diff(before, after, ["*conv*"]).is_empty


def test_ten_thousand_on_both_sides_are_no_burden() -> None:
    before: Shapes = {f"enc/layer_{i}/b{j}/w": (3, 3) for i in range(1000) for j in range(10)}
    after = {name.replace("enc/layer", "x/block"): shape for name, shape in before.items()}
    assert len(renames(before, after)) == 10_000
    # A way that compares all with all would not come to an end here.
    strangers: Shapes = {f"{chr(0x4E00 + i)}{chr(0x5E00 + i)}/v": (3, 3) for i in range(10_000)}
    assert renames(before, strangers) == {}
    assert renames(strangers, before) == {}


def test_a_module_around_a_model_of_pytorch_is_a_rename() -> None:
    before = {"0.weight": (2, 3), "0.bias": (2,), "1.weight": (2,), "1.bias": (2,)}
    after = {f"model.{name}": shape for name, shape in before.items()}
    state = {f"optimizer.state.{i}.exp_avg": (2,) for i in range(4)}
    assert renames(before, {**after, **state}) == {name: f"model.{name}" for name in before}
