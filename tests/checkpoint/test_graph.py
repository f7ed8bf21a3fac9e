"""Models in `.meta` and `saved_model.pb`: the odd, the hostile, and where they are found."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ckptls
from checkpoint import crafted
from checkpoint.crafted import bytes_field, number_field
from ckptls.checkpoint.codecs.protobuf_window import WINDOW_BYTES
from ckptls.checkpoint.core.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointNotFound,
    CheckpointUnsupported,
)
from ckptls.checkpoint.graphs.meta_graph import Model, ModelVariable, find_model, read_model


def attribute(key: str, value: bytes) -> bytes:
    return bytes_field(5, bytes_field(1, key.encode()) + bytes_field(2, value))


def node(name: str, operation: str, *rest: bytes) -> bytes:
    head = bytes_field(1, name.encode()) + bytes_field(2, operation.encode())
    return bytes_field(1, head + b"".join(rest))


def variable(name: str, shape: list[int], operation: str = "VariableV2") -> bytes:
    dims = b"".join(bytes_field(2, number_field(1, size)) for size in shape)
    dtype, sizes = number_field(6, crafted.FLOAT), bytes_field(7, dims)
    return node(name, operation, attribute("dtype", dtype), attribute("shape", sizes))


def meta(*nodes: bytes, rest: bytes = b"") -> bytes:
    return bytes_field(1, b"") + bytes_field(2, b"".join(nodes)) + rest


def collection(key: str, *names: str) -> bytes:
    held = b"".join(bytes_field(1, bytes_field(1, f"{name}:0".encode())) for name in names)
    return bytes_field(4, bytes_field(1, key.encode()) + bytes_field(2, bytes_field(2, held)))


def model_of(folder: Path, content: bytes, name: str = "m.meta") -> Model:
    path = folder / name
    path.write_bytes(content)
    return read_model(path)


def test_nodes_tell_variables_where_no_collection_does(tmp_path: Path) -> None:
    model = model_of(tmp_path, meta(variable("w", [2, -1]), node("add", "Add"), variable("b", [])))
    assert model.variables == (
        ModelVariable("b", "float32", (), False),
        ModelVariable("w", "float32", (2, None), False),
    )
    assert model.node_names == ("add", "b", "w")
    assert model.has_node("add")
    assert not model.has_node("ad")
    assert model.get("w") == model.variables[1]
    assert model.get("add") is None


def test_collections_tell_which_nodes_are_the_models_variables(tmp_path: Path) -> None:
    nodes = [variable("w", [2]), variable("helper", [2])]
    rest = collection("variables", "w") + collection("trainable_variables", "w")
    (only,) = model_of(tmp_path, meta(*nodes, rest=rest)).variables
    assert only == ModelVariable("w", "float32", (2,), True, ("variables", "trainable_variables"))


def test_a_variable_without_its_node_has_no_known_shape(tmp_path: Path) -> None:
    (only,) = model_of(tmp_path, meta(rest=collection("variables", "w"))).variables
    assert (only.dtype, only.shape) == ("", None)


def test_the_nodes_of_functions_are_none_of_the_graph(tmp_path: Path) -> None:
    inner = bytes_field(2, bytes_field(1, bytes_field(3, variable("inner", [2])[2:])))
    assert model_of(tmp_path, meta(variable("w", [1]), inner)).node_names == ("w",)


@pytest.mark.parametrize("size", [10, WINDOW_BYTES - 40, WINDOW_BYTES, 3 * WINDOW_BYTES + 1])
def test_constants_of_any_size_are_passed_over(tmp_path: Path, size: int) -> None:
    value = attribute("value", bytes_field(8, bytes_field(4, b"\x0a" * size)))
    nodes = [variable("a", [1]), node("c", "Const", value), variable("b", [2]), node("d", "Const")]
    model = model_of(tmp_path, meta(*nodes))
    assert [(v.name, v.shape) for v in model.variables] == [("a", (1,)), ("b", (2,))]
    assert model.node_names == ("a", "b", "c", "d")


def test_any_layout_of_a_node_is_understood(tmp_path: Path) -> None:
    dims = bytes_field(2, number_field(1, 300))
    value_first = bytes_field(2, bytes_field(7, dims)) + bytes_field(1, b"shape")
    long_name = "scope/" * 60 + "w"
    fields = [
        bytes_field(5, value_first),
        bytes_field(2, b"VarHandleOp"),
        attribute("a" * 200, b""),
        attribute("dtype", number_field(6, crafted.INT64)),
        bytes_field(1, long_name.encode()),
    ]
    model = model_of(tmp_path, meta(bytes_field(1, b"".join(fields)), node("x" * 20_000, "NoOp")))
    assert model.variables == (ModelVariable(long_name, "int64", (300,), False),)
    assert len(model.node_names) == 2


def test_a_saved_model_begins_with_its_version(tmp_path: Path) -> None:
    graphs = bytes_field(2, meta(variable("a", [1]))) + bytes_field(
        2, meta(variable("a", [1]), variable("b", [2]))
    )
    model = model_of(tmp_path, number_field(1, 1) + graphs, "saved_model.pb")
    assert model.is_saved_model
    assert [v.name for v in model.variables] == ["a", "b"]  # each once, whatever the tags


def test_a_text_graph_is_said_not_to_be_read(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnsupported, match=r"pbtxt.*not read"):
        read_model(tmp_path / "saved_model.pbtxt")


def test_a_model_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFound):
        read_model(tmp_path / "m.meta")


@pytest.mark.parametrize(
    "content", [b"", b"\x12\x7f", b"\xff" * 40, meta(variable("w", [1]))[:-1], b"\x12\x03\x0a\x05a"]
)
def test_a_damaged_model_says_where(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CheckpointDamaged, match=r"m\.meta: .*at byte"):
        model_of(tmp_path, content)


def test_a_model_is_found_beside_its_checkpoint(tmp_path: Path) -> None:
    index = crafted.index([("w", crafted.FLOAT, [1])])
    (tmp_path / "m-1.index").write_bytes(index)
    assert find_model(ckptls.open(tmp_path / "m-1")) is None
    (tmp_path / "m-1.meta").write_bytes(meta())
    for given_as in ("m-1", "m-1.index", "m-1.data-00000-of-00001"):
        assert find_model(str(tmp_path / given_as)) == str(tmp_path / "m-1.meta")
    assert find_model(ckptls.open(tmp_path / "m-1.meta")) == str(tmp_path / "m-1.meta")


def test_a_model_is_found_beside_shards(tmp_path: Path) -> None:
    (tmp_path / "m.meta").write_bytes(meta())
    for i in range(2):
        (tmp_path / f"m-{i:05}-of-00002").write_bytes(crafted.v1([(f"w{i}", crafted.FLOAT, [1])]))
    assert find_model(ckptls.open(tmp_path / "m")) == str(tmp_path / "m.meta")


def test_a_saved_model_is_found_above_its_variables(tmp_path: Path) -> None:
    folder = tmp_path / "saved" / "variables"
    folder.mkdir(parents=True)
    (folder / "variables.index").write_bytes(crafted.index([("w", crafted.FLOAT, [1])]))
    assert find_model(str(folder / "variables")) is None
    (tmp_path / "saved" / "saved_model.pb").write_bytes(number_field(1, 1))
    assert find_model(ckptls.open(tmp_path / "saved")) == str(tmp_path / "saved" / "saved_model.pb")
    assert find_model(str(folder / "other")) is None


SOUND = meta(
    variable("w", [2, 3]),
    node("c", "Const", attribute("value", b"x" * 40)),
    rest=collection("variables", "w")
    + bytes_field(7, bytes_field(1, bytes_field(7, b"\x32\x01a"))),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60), place=st.integers(0, len(SOUND)))
def test_no_bytes_do_harm(tmp_path: Path, data: bytes, place: int) -> None:
    changed = SOUND[:place] + data + SOUND[place + len(data) :]
    for content in (data, SOUND + data, changed, number_field(1, 1) + bytes_field(2, changed)):
        with suppress(CheckpointError):
            model = model_of(tmp_path, content)
            assert model.node_names == tuple(sorted(set(model.node_names)))
