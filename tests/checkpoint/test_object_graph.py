"""The object graph: what it tells, and that no content of it does harm."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ckptls
from checkpoint import crafted
from checkpoint.crafted import bytes_field, number_field
from checkpoint.crafted_objects import (
    GRAPH,
    SUFFIX,
    attribute,
    child,
    graph_of,
    slot_variable,
    stored,
    write,
)
from ckptls.checkpoint.core.errors import CheckpointDamaged, CheckpointError, CheckpointIncomplete
from ckptls.checkpoint.core.types import OBJECT_GRAPH_NAME
from ckptls.checkpoint.formats.tensorflow.v2.object_graph_reader import read_object_graph
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.objects.object_graph import ObjectGraph, object_path, unescaped
from ckptls.checkpoint.objects.trackable_protos import decode_nodes
from ckptls.checkpoint.reader import read_checkpoint
from support.problems import sentences


def opened(prefix: Path) -> tuple[Checkpoint, ObjectGraph]:
    checkpoint = read_checkpoint(prefix, with_objects=True)
    assert checkpoint.object_graph is not None
    return checkpoint, checkpoint.object_graph


def test_a_graph_tells_names_slots_and_what_is_internal(tmp_path: Path) -> None:
    _, graph = opened(write(tmp_path / "m", GRAPH))
    slot = graph.slot(f"net/w/.OPTIMIZER_SLOT/optimizer/m{SUFFIX}")
    assert slot is not None
    assert (slot.owner_key, slot.slot_name, slot.optimizer) == (f"net/w{SUFFIX}", "m", "optimizer")
    assert graph.full_names(f"net/w{SUFFIX}") == ("net/w",)
    assert graph.keys_of("net/w") == (f"net/w{SUFFIX}",)
    assert graph.slot(f"net/w{SUFFIX}") is None
    assert graph.root_children == ("net", "optimizer")
    assert graph.is_internal(OBJECT_GRAPH_NAME)
    assert not graph.is_internal(f"net/w{SUFFIX}")


def test_it_is_read_only_when_it_is_asked_for(tmp_path: Path) -> None:
    checkpoint = ckptls.open(write(tmp_path / "m", GRAPH))
    assert checkpoint.object_graph is None
    graph = read_object_graph(checkpoint)
    assert graph is not None
    assert graph.is_complete


def test_a_checkpoint_of_names_has_none(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(crafted.index([("a", crafted.FLOAT, [2])]))
    assert read_checkpoint(tmp_path / "m", with_objects=True).object_graph is None
    assert read_object_graph(ckptls.open(tmp_path / "m")) is None


def test_without_the_data_file_the_keys_are_told(tmp_path: Path) -> None:
    prefix = write(tmp_path / "m", GRAPH)
    Path(f"{prefix}.data-00000-of-00001").unlink()
    checkpoint, graph = opened(prefix)
    assert not graph.is_complete
    assert not sentences(checkpoint)
    assert graph.slots_of(f"net/w{SUFFIX}") == (f"net/w/.OPTIMIZER_SLOT/optimizer/m{SUFFIX}",)
    assert graph.full_names(f"net/w{SUFFIX}") == ()


@pytest.mark.parametrize("damage", ["checksum", "length", "cut", "edge"])
def test_a_damaged_graph_is_a_problem_and_no_error_of_the_listing(
    tmp_path: Path, damage: str
) -> None:
    lost = graph_of([child("net", 9)])
    prefix = write(
        tmp_path / "m",
        lost if damage == "edge" else GRAPH,
        stored(GRAPH)[:-1] + b"ab" if damage == "length" else None,
        is_damaged=damage == "checksum",
    )
    if damage == "cut":
        data = Path(f"{prefix}.data-00000-of-00001")
        data.write_bytes(data.read_bytes()[:-3])
    checkpoint, graph = opened(prefix)
    assert len(checkpoint) == 3
    assert "object graph" in sentences(checkpoint)[0]
    assert not graph.is_complete
    with pytest.raises(CheckpointDamaged, match="data-00000-of-00001"):
        read_object_graph(ckptls.open(prefix))


def test_a_checkpoint_that_was_rewritten_meanwhile_is_incomplete(tmp_path: Path) -> None:
    prefix = write(tmp_path / "m", GRAPH)
    checkpoint = ckptls.open(prefix)
    new = write(tmp_path / "new", GRAPH)
    Path(f"{new}.index").replace(f"{prefix}.index")
    with pytest.raises(CheckpointIncomplete, match="rewritten"):
        read_object_graph(checkpoint)


def test_names_that_are_not_unique_lead_to_all_their_keys() -> None:
    graph = ObjectGraph(
        decode_nodes(graph_of([], [attribute("Variable", "a")], [attribute("Variable", "b")]))
    )
    assert graph.keys_of("Variable") == ("a", "b")


def test_two_owners_of_one_name_are_not_guessed_between() -> None:
    optimizer = [child("_variables", 1), child("_iterations", 2)]
    names = [attribute("Adam/m/Variable", "optimizer/_variables/1")]
    owners = [[attribute("Variable", "a")], [attribute("Variable", "b")]]
    nodes = [optimizer, [child("0", 2), child("1", 3)], [], names]
    unsure = ObjectGraph(decode_nodes(graph_of(*nodes, *owners)))
    assert unsure.slot("optimizer/_variables/1") is None
    assert unsure.is_optimizer_state("optimizer/_variables/1")
    sure = ObjectGraph(decode_nodes(graph_of(*nodes, owners[0])))
    slot = sure.slot("optimizer/_variables/1")
    assert slot is not None
    assert (slot.owner_key, slot.slot_name, slot.optimizer) == ("a", "m", "Adam")


@pytest.mark.parametrize(
    ("segment", "name"),
    [("k.S1", "k/1"), ("a..b", "a.b"), ("a..Sb", "a.Sb"), ("...S", "./"), ("plain", "plain")],
)
def test_segments_of_keys_are_escaped_names(segment: str, name: str) -> None:
    assert unescaped(segment) == name


def test_an_object_is_what_stands_before_the_attributes() -> None:
    assert object_path(f"model/dense/kernel{SUFFIX}") == "model/dense/kernel"


def test_any_layout_of_the_message_is_understood() -> None:
    """Fields in another order, unknown ones, and ids of every length: all but TensorFlow's own."""
    count = 70_000
    odd_child = bytes_field(1, bytes_field(2, b"w") + number_field(1, count - 1) + b"\x38\x01")
    mixed = odd_child + bytes_field(4, b"saver") + slot_variable(0, "m", 200) + child("v", 70)
    nodes = decode_nodes(bytes_field(9, b"x") + graph_of([mixed], *[[]] * (count - 1)))
    assert nodes.children(0) == [("w", count - 1), ("v", 70)]
    assert nodes.slot_variables[0][0].slot == 200
    ids = [0, 1, 127, 128, 16_383, 16_384, count - 1]
    plain = decode_nodes(graph_of([child(str(i), i) for i in ids], *[[]] * (count - 1)))
    assert plain.children(0) == [(str(i), i) for i in ids]


@pytest.mark.parametrize("node", [3, 128, 16_384, 1 << 40, (1 << 64) - 1])
def test_an_edge_to_no_node_is_damage(node: int) -> None:
    with pytest.raises(CheckpointDamaged, match="referred to"):
        decode_nodes(graph_of([child("a", node)], [], []))
    with pytest.raises(CheckpointDamaged, match="referred to"):
        decode_nodes(graph_of([slot_variable(0, "m", node)], [], []))


@given(data=st.binary(max_size=60))
def test_no_bytes_do_harm(data: bytes) -> None:
    for content in (data, GRAPH + data, bytes_field(1, data), GRAPH[: len(data)] + data):
        try:
            graph = ObjectGraph(decode_nodes(content))
        except CheckpointError:
            continue
        for node in range(len(graph.nodes)):
            assert all(each < len(graph.nodes) for _, each in graph.nodes.children(node))


@given(place=st.integers(0, len(GRAPH) - 1), byte=st.integers(0, 255))
def test_no_changed_byte_does_harm(place: int, byte: int) -> None:
    changed = bytearray(GRAPH)
    changed[place] = byte
    with suppress(CheckpointError):
        ObjectGraph(decode_nodes(bytes(changed)))
