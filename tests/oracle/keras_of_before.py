"""TensorFlow with the Keras of before, which has `tf.layers` and the cells of TensorFlow 1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def told(script: str, asked: object) -> Any:
    """What a script prints as JSON, last, in a process of its own; it reads `asked` likewise."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])
