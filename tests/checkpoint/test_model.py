"""The listing and its scopes, held against the plain definition of both."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.model.checkpoint import Checkpoint, Variable
from ckptls.checkpoint.model.scope_tree import Child, ScopeTree

SHAPES = {
    "global_step": ("int64", ()),
    "labels": ("string", (10,)),
    "vgg_16": ("float32", (1,)),
    "vgg_16-old/w": ("float32", (2,)),
    "vgg_16/conv1/biases": ("float32", (64,)),
    "vgg_16/conv1/weights": ("float32", (3, 3, 3, 64)),
    "vgg_16/conv10/weights": ("float32", (5,)),
    "vgg_16/mean_rgb": ("float32", (3,)),
}


def checkpoint(kinds: dict[str, tuple[str, tuple[int, ...]]] = SHAPES) -> Checkpoint:
    names = sorted(kinds)
    return Checkpoint("m", Format.V2, names, [kinds[name] for name in names])


def tree_of(*names: str) -> ScopeTree:
    return checkpoint(dict.fromkeys(names, ("float32", (1,)))).tree


def test_a_variable_is_looked_up_by_name() -> None:
    listing = checkpoint()
    assert listing["vgg_16/mean_rgb"] == Variable("vgg_16/mean_rgb", "float32", (3,))
    assert listing.get("vgg_16/mean_rgb") == listing["vgg_16/mean_rgb"]
    assert "vgg_16/mean_rgb" in listing


@pytest.mark.parametrize("name", ["", "a", "vgg_16/conv1", "vgg_16/mean_rgb/", "zzz"])
def test_a_name_that_is_not_there_is_no_variable(name: str) -> None:
    listing = checkpoint()
    assert name not in listing
    assert listing.get(name) is None
    with pytest.raises(KeyError):
        listing[name]


def test_a_checkpoint_is_a_mapping_of_names_to_variables() -> None:
    listing = checkpoint()
    assert isinstance(listing, Mapping)
    assert list(listing) == list(listing.keys()) == sorted(SHAPES)
    assert list(listing.values()) == list(listing.variables())
    assert dict(listing) == dict(listing.items()) == {v.name: v for v in listing.variables()}
    fallback = Variable("", "int8", ())
    assert listing.get("no such name", fallback) is fallback


def test_a_checkpoint_equals_itself_alone() -> None:
    listing = checkpoint()
    assert listing == listing and listing != checkpoint()
    assert len({listing, checkpoint()}) == 2


def test_variables_come_in_the_order_of_their_names() -> None:
    listing = checkpoint()
    assert [v.name for v in listing.variables()] == list(listing.names) == sorted(SHAPES)
    assert len(listing) == len(SHAPES)


def test_a_list_of_shapes_is_the_callers_to_change() -> None:
    listing = checkpoint()
    listing.shapes()[4][1].append(5)
    assert listing.shapes()[4] == ("vgg_16/conv1/biases", [64])


def test_sizes_follow_from_shape_and_dtype() -> None:
    listing = checkpoint()
    assert listing["global_step"].num_parameters == 1
    assert listing["vgg_16/conv1/weights"].num_parameters == 1728
    assert listing["vgg_16/conv1/weights"].num_bytes == 6912
    assert listing["labels"].num_bytes is None


@pytest.mark.parametrize("is_there", [True, False])
def test_an_object_graph_marks_a_checkpoint_of_objects(is_there: bool) -> None:
    graph = {"_CHECKPOINTABLE_OBJECT_GRAPH": ("string", ())} if is_there else {}
    assert checkpoint(SHAPES | graph).is_object_based is is_there


@pytest.mark.parametrize("scope", ["vgg_16", "vgg_16/"])
def test_a_scope_is_the_same_with_and_without_its_slash(scope: str) -> None:
    tree = checkpoint().tree
    assert tree.has_scope(scope)
    assert tree.count(scope) == 4
    assert tree.num_parameters(scope) == 64 + 1728 + 5 + 3
    assert tree.num_bytes(scope) == 4 * tree.num_parameters(scope)
    assert list(tree.names_under(scope)) == sorted(SHAPES)[4:]


@pytest.mark.parametrize(
    "scope", ["vgg", "vgg_1", "vgg_16/con", "global_step", "vgg_16/conv1/x", "z"]
)
def test_what_is_no_scope_holds_nothing(scope: str) -> None:
    tree = checkpoint().tree
    assert not tree.has_scope(scope)
    assert (tree.count(scope), tree.children(scope), list(tree.names_under(scope))) == (0, [], [])


def test_the_root_is_the_empty_scope() -> None:
    tree = checkpoint().tree
    assert tree.count("") == len(SHAPES)
    assert tree.num_bytes("") == 8 + 4 * (1 + 2 + 64 + 1728 + 5 + 3)
    assert [child.name for child in tree.children("")] == [
        "global_step",
        "labels",
        "vgg_16",
        "vgg_16-old",
    ]


def test_a_child_may_be_variable_and_scope_at_once() -> None:
    child = checkpoint().tree.children("", prefix="vgg_16")[0]
    assert child == Child("vgg_16", "vgg_16", 4, is_variable=True)
    assert child.is_scope


def test_children_can_be_limited_and_narrowed() -> None:
    tree = checkpoint().tree
    assert [c.path for c in tree.children("vgg_16", limit=1)] == ["vgg_16/conv1"]
    assert [c.name for c in tree.children("vgg_16", prefix="conv")] == ["conv1", "conv10"]
    assert [c.name for c in tree.children("vgg_16", prefix="m")] == ["mean_rgb"]
    assert tree.children("vgg_16", prefix="conv2") == []
    assert tree.children("vgg_16", prefix="conv1/") == []  # no segment has a slash


def test_all_scopes_are_known() -> None:
    assert checkpoint().tree.scopes() == ("vgg_16", "vgg_16-old", "vgg_16/conv1", "vgg_16/conv10")


def test_empty_segments_are_scopes_of_their_own() -> None:
    tree = tree_of("/x", "a//b", "a//c/d", "a/", "a/e")
    assert [c.path for c in tree.children("")] == ["/", "a"]
    assert [c.name for c in tree.children("/")] == ["x"]
    assert [(c.name, c.path, c.is_variable) for c in tree.children("a")] == [
        ("", "a/", True),
        ("", "a//", False),
        ("e", "a/e", True),
    ]
    assert [c.path for c in tree.children("a//")] == ["a//b", "a//c"]
    assert tree.count("a") == 4


NAMES = st.sets(st.text("ab/-0\U0010ffff", min_size=1, max_size=7), max_size=12)


def parts_under(names: set[str], base: str) -> set[tuple[str, bool]]:
    """(segment, whether it is a whole name) right under a base that ends in a slash."""
    rests = [name[len(base) :] for name in names if name.startswith(base)]
    return {(rest.split("/")[0], "/" not in rest) for rest in rests}


@given(names=NAMES)
def test_walking_the_scopes_reaches_every_name_once(names: set[str]) -> None:
    tree = tree_of(*names)
    reached: list[str] = []
    pending = [""]
    while pending:
        for child in tree.children(pending.pop()):
            if child.is_variable:
                reached.append(child.path)
            if child.is_scope:
                pending.append(child.path)
    assert sorted(reached) == sorted(names)


@given(names=NAMES, scope=st.text("ab/-0", max_size=5), prefix=st.text("ab-0", max_size=2))
def test_scopes_agree_with_their_definition(names: set[str], scope: str, prefix: str) -> None:
    tree = tree_of(*names)
    base = scope if not scope or scope.endswith("/") else scope + "/"
    under = sorted(name for name in names if name.startswith(base))
    assert list(tree.names_under(scope)) == under
    assert tree.has_scope(scope) is bool(under)
    children = tree.children(scope, prefix=prefix)
    assert {child.name for child in children} == {
        segment for segment, _ in parts_under(names, base) if segment.startswith(prefix)
    }
    for child in children:
        assert child.is_variable is (base + child.name in names and child.path in names)


@given(shapes=st.lists(st.lists(st.integers(0, 9), max_size=3).map(tuple), max_size=8))
def test_parameters_are_the_sum_of_the_products(shapes: list[tuple[int, ...]]) -> None:
    kinds = {f"s{i % 2}/v{i}": ("int16", shape) for i, shape in enumerate(shapes)}
    tree = checkpoint(kinds).tree
    for scope in ("", "s0", "s1"):
        expected = sum(prod(s) for name, (_, s) in kinds.items() if name.startswith(scope))
        assert tree.num_parameters(scope) == expected
        assert tree.num_bytes(scope) == 2 * expected
