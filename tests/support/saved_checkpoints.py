"""Checkpoints of several kinds, saved by TensorFlow."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

v1 = tf.compat.v1


def save_v2(prefix: Path, tensors: dict[str, object], slices: list[str] | None = None) -> None:
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(tensors),
        shape_and_slices=slices or [""] * len(tensors),
        tensors=[tf.convert_to_tensor(value) for value in tensors.values()],
    )


def save_with_saver(prefix: Path, build: object, **options: object) -> str:
    """Save the variables that `build` makes, with a Saver of TensorFlow 1."""
    with tf.Graph().as_default(), v1.Session() as session:
        build()  # type: ignore[operator]
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(**options)
        return str(saver.save(session, str(prefix), global_step=7, write_meta_graph=False))


def two_scopes() -> None:
    with v1.variable_scope("net/conv1"):
        v1.get_variable("weights", [3, 3, 3, 8])
        v1.get_variable("biases", [8])
    v1.get_variable("global_step", [], tf.int64, v1.zeros_initializer())


def partitioned() -> None:
    v1.get_variable("emb", [7, 4], partitioner=v1.fixed_size_partitioner(3))
    v1.get_variable("wide", [2, 150], partitioner=v1.fixed_size_partitioner(2, axis=1))
    two_scopes()


def on_two_devices() -> None:
    with tf.device("/cpu:0"):
        v1.get_variable("a/w", [2])
    with tf.device("/cpu:1"):
        v1.get_variable("b/w", [3])
