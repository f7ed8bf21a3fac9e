"""Selections of slim: which variables they give, as tf_slim 1.1 chooses."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckptls.source.program.follow_program import ProgramOptions, follow_program

_HEAD = """\
import tensorflow.compat.v1 as tf
import tf_slim as slim
for name in ["weights", "net/weights", "net/my_weights", "net/biases"]:
    tf.get_variable(name, [1])
"""


class _OneFile:
    """A project of one file."""

    def find(self, name: str, importer: str) -> str | None:
        return None

    def read(self, path: str) -> str | None:
        return Path(path).read_text("utf-8")


@pytest.mark.parametrize(
    ("selection", "keys"),
    [
        ('slim.get_variables_by_name("weights")', ["weights", "net/weights"]),
        ('slim.get_variables_by_name("weights", "net")', ["weights", "net/weights"]),
        ('slim.get_variables_by_name("biases", "net")', ["net/biases"]),
        (
            'slim.get_variables_by_suffix("weights")',
            ["weights", "net/weights", "net/my_weights"],
        ),
        (
            'slim.filter_variables(tf.global_variables(), exclude_patterns=["biases", "my_"])',
            ["weights", "net/weights"],
        ),
        (
            'slim.filter_variables(tf.global_variables(), ["weights"], reg_search=False)',
            ["weights"],
        ),
    ],
)
def test_selections(tmp_path: Path, selection: str, keys: list[str]) -> None:
    path = tmp_path / "program.py"
    path.write_text(f"{_HEAD}tf.train.Saver({selection}).restore(None, 'model.ckpt')\n", "utf-8")
    (request,) = follow_program(str(path), _OneFile(), ProgramOptions()).restores
    assert [each.key for each in request.items] == keys
    assert request.gaps == ()


def test_a_filter_that_is_not_known_selects_what_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    chosen = "slim.filter_variables(tf.global_variables(), [input()])"
    path.write_text(f"{_HEAD}tf.train.Saver({chosen}).restore(None, 'model.ckpt')\n", "utf-8")
    (request,) = follow_program(str(path), _OneFile(), ProgramOptions()).restores
    assert request.gaps


@pytest.mark.parametrize(
    ("selection", "is_known"),
    [
        ('slim.filter_variables(tf.global_variables(), ["{}"])', False),
        ('slim.filter_variables(tf.global_variables(), exclude_patterns=["{}"])', False),
        ('slim.get_variables("{}")', False),
        ('slim.get_variables_by_name("w", "{}")', False),
        ('slim.filter_variables(tf.global_variables(), [r"net/.*s:"])', True),
    ],
)
def test_a_pattern_that_takes_long_is_not_compared(
    selection: str, is_known: bool, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    long = f'tf.get_variable("{"a" * 80}", [1])\n'
    chosen = selection.replace("{}", r"(?:\\w|\\w\\w)*!$")
    text = f"{_HEAD}{long}tf.train.Saver({chosen}).restore(None, 'model.ckpt')\n"
    path.write_text(text, "utf-8")
    (request,) = follow_program(str(path), _OneFile(), ProgramOptions()).restores
    assert (not request.gaps) is is_known
