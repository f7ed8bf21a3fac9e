"""State files are understood, or ignored, as TensorFlow does."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptls.checkpoint.layout.state_file import parse_state

TEXTS = [
    'model_checkpoint_path: "m-1"\nall_model_checkpoint_paths: "m-0"\n',
    "model_checkpoint_path: 'single'",
    'model_checkpoint_path:"tight"',
    'model_checkpoint_path: "m-" "1" \'x\'',
    'model_checkpoint_path: "old" model_checkpoint_path: "new"',
    '# a comment\nmodel_checkpoint_path: "m" # another',
    'model_checkpoint_path: "m"; all_model_checkpoint_paths: "m",',
    'model_checkpoint_path: "m" all_model_checkpoint_timestamps: 1.5e9 last_preserved_timestamp:-2',
    'model_checkpoint_path: "m" all_model_checkpoint_timestamps: [1, 2.5, 3f]',
    'model_checkpoint_path: "m" all_model_checkpoint_paths: ["a", "b"]',
    'model_checkpoint_path: "m" last_preserved_timestamp: inf',
    'model_checkpoint_path: "m" last_preserved_timestamp: nan',
    r'model_checkpoint_path: "oct\141l \x41 \t\"q\" \\ \u00e9"',
    'model_checkpoint_path: "ünïcode"',
    'model_checkpoint_path: "m"\nunknown_field: 3',
    'model_checkpoint_path "m"',
    "model_checkpoint_path: m",
    'model_checkpoint_path: "unclosed',
    'model_checkpoint_path: "new\nline"',
    "garbage",
    "",
    "# nothing",
    'all_model_checkpoint_paths: "m"',
    'model_checkpoint_path: ""',
    'model_checkpoint_path: "m" last_preserved_timestamp: "x"',
    'model_checkpoint_path: "m" last_preserved_timestamp: 1x',
    r'model_checkpoint_path: "bad \q"',
    r'model_checkpoint_path: "\UFFFFFFFF"',
    r'model_checkpoint_path: "\U00110000"',
    r'model_checkpoint_path: "\ud800"',
    '\ufeffmodel_checkpoint_path: "m"',
    'model_checkpoint_path: ["m"]',
    'model_checkpoint_path: "m";; all_model_checkpoint_paths: "m"',
]


def tensorflows_answer(folder: Path, text: str) -> str | None:
    """The path that TensorFlow takes from a state file; relative ones are joined by it."""
    (folder / "checkpoint").write_bytes(text.encode())
    try:
        state = tf.train.get_checkpoint_state(str(folder))
    except (ValueError, UnicodeDecodeError):
        return None
    return state.model_checkpoint_path if state else None


def our_answer(folder: Path, text: str) -> str | None:
    state = parse_state(text.encode())
    return None if state is None else str(folder) + "/" + state.path


@pytest.mark.parametrize("text", TEXTS)
def test_a_state_file_is_read_as_by_tensorflow(tmp_path: Path, text: str) -> None:
    assert our_answer(tmp_path, text) == tensorflows_answer(tmp_path, text)


PIECES = st.sampled_from(
    [
        "model_checkpoint_path", "all_model_checkpoint_paths", "last_preserved_timestamp",
        "all_model_checkpoint_timestamps", ":", ' "a"', " 'b'", ' "\\n\\1"', " 1", " 2.5e3", "\n",
        " ", ";", ",", "[", "]", "#", "x", "-", " inf",
    ]
)  # fmt: skip


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pieces=st.lists(PIECES, max_size=9))
def test_any_text_is_read_as_by_tensorflow(tmp_path: Path, pieces: list[str]) -> None:
    text = 'model_checkpoint_path: "m"\n' + "".join(pieces)
    assert our_answer(tmp_path, text) == tensorflows_answer(tmp_path, text)
