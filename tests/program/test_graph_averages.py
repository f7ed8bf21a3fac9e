"""Moving averages, templates and rarer optimizers: names as TensorFlow 2.21 (v1) makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckptls.source.inventory.restore_request import ProgramFacts
from ckptls.source.program.follow_program import ProgramOptions, follow_program

_HEAD = "import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()\n"


class _OneFile:
    """A project of one file."""

    def find(self, name: str, importer: str) -> str | None:
        return None

    def read(self, path: str) -> str | None:
        return Path(path).read_text("utf-8")


def _follow(directory: Path, text: str) -> ProgramFacts:
    path = directory / "program.py"
    path.write_text(_HEAD + text, "utf-8")
    return follow_program(str(path), _OneFile(), ProgramOptions())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param(
            'w = tf.get_variable("w", [3])\n'
            'b = tf.get_variable("b", [2], trainable=False)\n'
            "tf.train.ExponentialMovingAverage(0.9).apply()\n",
            ["w", "b", "w/ExponentialMovingAverage"],
            id="averages of what is trained",
        ),
        pytest.param(
            'w = tf.get_variable("w", [3])\n'
            'with tf.variable_scope("t"):\n'
            '    tf.train.ExponentialMovingAverage(0.9, name="avg").apply([w])\n',
            ["w", "t/w/avg"],
            id="averages of another name in a scope",
        ),
        pytest.param(
            'def f(x):\n    return x * tf.get_variable("w", [3])\n'
            't = tf.make_template("t", f)\nt(1.0)\nt(2.0)\n'
            'u = tf.make_template("t", f)\nu(1.0)\n',
            ["t/w", "t_1/w"],
            id="templates make variables once",
        ),
        pytest.param(
            'w = tf.get_variable("w", [3])\n'
            "o = tf.train.RMSPropOptimizer(0.1, centered=True)\n"
            "o.minimize(tf.reduce_sum(w))\n",
            ["w", "w/RMSProp", "w/RMSProp_1", "w/RMSProp_2"],
            id="a centered optimizer",
        ),
        pytest.param(
            'w = tf.get_variable("w", [3])\n'
            "tf.train.ProximalAdagradOptimizer(0.1).minimize(tf.reduce_sum(w))\n",
            ["w", "w/ProximalAdagrad"],
            id="proximal adagrad",
        ),
    ],
)
def test_variables(tmp_path: Path, text: str, names: list[str]) -> None:
    facts = _follow(tmp_path, text)
    assert [each.name for each in facts.inventory.variables] == names
    assert facts.inventory.gaps == ()


@pytest.mark.parametrize("is_applied", [True, False])
def test_averages_to_restore(tmp_path: Path, is_applied: bool) -> None:
    applied = "ema.apply()\n" if is_applied else ""
    facts = _follow(
        tmp_path,
        'w = tf.get_variable("w", [3])\n'
        'n = tf.get_variable("n", [1], trainable=False)\n'
        "ema = tf.train.ExponentialMovingAverage(0.9)\n"
        f"{applied}"
        'tf.train.Saver(ema.variables_to_restore()).restore(None, "model.ckpt")\n',
    )
    (request,) = facts.restores
    asked = {each.key: each.variable.name for each in request.items}
    assert asked == {"w/ExponentialMovingAverage": "w", "n": "n"}
    assert request.gaps == ()


def test_averages_of_an_unknown_list_are_not_known(tmp_path: Path) -> None:
    facts = _follow(
        tmp_path,
        "import sys\n"
        'w = tf.get_variable("w", [3])\n'
        "tf.train.ExponentialMovingAverage(0.9).apply(sys.argv)\n"
        'tf.train.Saver().restore(None, "model.ckpt")\n',
    )
    assert facts.restores[0].model.gaps
