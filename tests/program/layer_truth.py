"""Small programs with layers, and the variables that TensorFlow makes of each, as stored.

`tests/oracle/test_layer_programs.py` compares them with what TensorFlow makes today.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "layer_programs.json"
# What each program begins with.
HEAD = """import tensorflow as tf
import tf_slim as slim
x = tf.placeholder(tf.float32, [None, 32, 32, 3])
v = tf.placeholder(tf.float32, [None, 20])
s = tf.placeholder(tf.float32, [None, 7, 5])
ids = tf.placeholder(tf.int32, [None, 7])
"""


def load_programs() -> dict[str, dict[str, Any]]:
    """For each program its lines of code and its variables, as `network_truth` stores them."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
    return found


def write_program(name: str, folder: Path) -> Path:
    """The program of a name as a file in a folder."""
    path = folder / f"{name}.py"
    path.write_text(HEAD + "\n".join(load_programs()[name]["code"]) + "\n", "utf-8")
    return path


def text_of(programs: dict[str, dict[str, Any]]) -> str:
    """The stored text: one line of code and one variable a line, so that changes can be read."""
    rows = []
    for name, program in programs.items():
        code, variables = (
            ",\n   ".join(map(json.dumps, program[part])) for part in ("code", "variables")
        )
        head = f' {json.dumps(name)}: {{\n  "code": [\n   {code}],\n'
        rows.append(f'{head}  "variables": [\n   {variables}]}}')
    return "{\n" + ",\n".join(rows) + "\n}\n"
