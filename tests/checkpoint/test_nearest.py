"""What a person may have meant: near misses, nearest names, suggestions of a checkpoint."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.model.suggestions import suggest_scopes, suggest_variables
from ckptls.checkpoint.names.edit_distance import is_near_miss, nearest


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("conv1_l", "conv1_1"),
        ("vg_16", "vgg_16"),
        ("vgg16", "vgg_16"),
        ("wieghts", "weights"),  # neighbours swapped
        ("biasses", "biases"),
        ("kenrel", "kernel"),
        ("gur", "gru"),
        ("CONV1", "conv1"),  # case alone, whatever the distance
        ("fcc", "fc6"),
        ("vgg16_", "vgg_16"),  # the number has moved
        ("Conv1_/w", "Conv_1/w"),
        ("conv1/weights", "vgg_16/conv1/weights"),  # a scope dropped
        ("vgg_16/conv1/weights", "conv1/weights"),
        ("a/x/b/w", "a/b/w"),
        ("b/a/w", "a/b/w"),  # a scope moved
        ("block_2/unit_1/extra/w", "block_2/extra/unit_1/w"),
        ("net/layer/w", "layer/net/w"),
    ],
)
def test_a_slip_is_a_near_miss(written: str, known: str) -> None:
    assert is_near_miss(written, known)


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("conv1", "conv1"),  # no miss at all
        ("fc8", "fc9"),  # digits only
        ("net/encoder/w", "net/decoder/w"),  # opposites by a syllable
        ("deconv1", "conv1"),
        ("cnn", "rnn"),  # three letters are hardly a slip of three others
        ("gru", "sru"),
        ("layer_1", "layer_12"),
        ("res2a_branch2b", "res5a_branch2a"),  # another block's
        ("block", "block1"),
        ("Conv_1/BatchNorm", "Conv/BatchNorm"),  # one that TensorFlow has numbered
        ("Mobilenet", "MobilenetV1"),  # versions of a model
        ("resnet_v1", "resnet"),
        ("block1/unit_2/w", "block2/unit_1/w"),
        ("block_1/block_2/w", "block_2/block_1/w"),
        ("ab", "ac"),  # one edit is more than a third
        ("conv", "cnvo1"),
        ("weights", "kernel"),
        ("wexxhtt", "weights"),  # three edits
        ("conv1", "conv1/weights"),  # not a scope but the name itself is missing
        ("x/y/conv1/weights", "conv1/weights"),  # two scopes
        ("bias", "biases"),
        ("", "a"),
    ],
)
def test_another_name_is_no_near_miss(written: str, known: str) -> None:
    assert not is_near_miss(written, known)


@given(one=st.text("ab1/", max_size=8), other=st.text("ab1/", max_size=8))
def test_a_near_miss_is_one_both_ways(one: str, other: str) -> None:
    assert is_near_miss(one, other) == is_near_miss(other, one)


def test_the_nearest_comes_first() -> None:
    assert nearest("weihgts", ["height", "weight", "weights"]) == ["weights", "weight", "height"]


def test_characters_that_look_alike_come_before_the_order_of_names() -> None:
    assert nearest("conv_l", ["conv_2", "conv_0", "conv_1"]) == ["conv_1", "conv_0", "conv_2"]
    assert nearest("block_O", ["block_1", "block_2", "block_0"])[0] == "block_0"


def test_equally_near_names_come_in_their_order() -> None:
    assert nearest("fc9", ["fc8", "fc6", "fc7", "fc66"]) == ["fc6", "fc7", "fc8"]


def test_case_and_scopes_count_as_one_edit() -> None:
    names = ["CONV1/KERNEL", "net/conv1/kernel", "conv1/kerxxx"]
    assert nearest("conv1/kernel", names) == ["CONV1/KERNEL", "net/conv1/kernel", "conv1/kerxxx"]


def test_names_with_nothing_in_common_are_left_out() -> None:
    assert nearest("weights", ["kernel", "gamma", "b"]) == []


def test_a_name_is_not_near_itself() -> None:
    assert nearest("conv1", ["conv1", "conv2"]) == ["conv2"]


def checkpoint_of(shapes: dict[str, tuple[int, ...]]) -> Checkpoint:
    names = sorted(shapes)
    return Checkpoint("m", Format.V2, names, [("float32", shapes[name]) for name in names])


VGG = checkpoint_of(
    {
        "global_step": (),
        **{f"vgg_16/{layer}/biases": (8,) for layer in ("conv1", "conv2", "fc6", "fc7")},
        **{f"vgg_16/{layer}/weights": (4, 8) for layer in ("conv1", "conv2", "fc6")},
        "vgg_16/fc7/weights": (9, 9),
        "rnn/basic_lstm_cell/kernel": (5, 5),
        "lm/embedding/table": (7, 7),
    }
)


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("vgg_16/conv1/wieghts", "vgg_16/conv1/weights"),
        ("vgg_16/conv1/kernel", "vgg_16/conv1/weights"),
        ("vgg_16/conv1/bias", "vgg_16/conv1/biases"),
        ("conv1/weights", "vgg_16/conv1/weights"),
        ("conv1/kernel", "vgg_16/conv1/weights"),
        ("model/vgg_16/fc6/biases", "vgg_16/fc6/biases"),
        ("a/b/vgg_16/fc6/biases", "vgg_16/fc6/biases"),
        ("VGG_16/FC6/BIASES", "vgg_16/fc6/biases"),
        ("rnn/lstm_cell/kernel", "rnn/basic_lstm_cell/kernel"),
        ("RNN/BasicLSTMCell/Linear/Matrix", "rnn/basic_lstm_cell/kernel"),
        ("vgg_16/conv1_weights", "vgg_16/conv1/weights"),
        ("table", "lm/embedding/table"),
    ],
)
def test_the_variable_that_was_meant_is_suggested_first(name: str, best: str) -> None:
    assert suggest_variables(VGG, name)[0] == best


def test_a_name_of_the_wanted_shape_ranks_higher() -> None:
    assert suggest_variables(VGG, "vgg_16/fc9/weights")[0] == "vgg_16/fc6/weights"
    assert suggest_variables(VGG, "vgg_16/fc9/weights", (9, 9))[0] == "vgg_16/fc7/weights"


def test_no_more_than_the_limit_is_suggested() -> None:
    assert len(suggest_variables(VGG, "vgg_16/conv9/biases")) == 3
    assert len(suggest_variables(VGG, "vgg_16/conv9/biases", limit=2)) == 2


def test_nothing_is_suggested_for_what_resembles_nothing() -> None:
    assert suggest_variables(VGG, "?") == []


@pytest.mark.parametrize(
    ("scope", "best"),
    [
        ("vgg16/conv1/", "vgg_16/conv1"),
        ("vgg16/conv1", "vgg_16/conv1"),
        ("fc6", "vgg_16/fc6"),
        ("VGG_16", "vgg_16"),
        ("model/vgg_16", "vgg_16"),
        ("rnn/lstm_cell", "rnn/basic_lstm_cell"),
    ],
)
def test_the_scope_that_was_meant_is_suggested_first(scope: str, best: str) -> None:
    assert suggest_scopes(VGG, scope)[0] == best


def test_a_hundred_thousand_names_are_searched_in_a_moment() -> None:
    shapes = {
        f"model/block_{i // 500:03d}/layer_{i % 500 // 10}/mlp/{i % 10}/weights": (1,)
        for i in range(100_000)
    }
    big = checkpoint_of(shapes)
    start = time.perf_counter()
    found = suggest_variables(big, "model/block_100/layer_7/mlp/3/wieghts")
    assert found[0] == "model/block_100/layer_7/mlp/3/weights"
    assert time.perf_counter() - start < 2  # some 0.1 s; a slip to quadratic takes minutes
