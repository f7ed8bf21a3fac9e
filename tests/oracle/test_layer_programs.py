"""What is stored of the small programs with layers is what TensorFlow makes of them today."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from program.layer_truth import FILE, load_programs, text_of, write_program

_TESTS = Path(__file__).parents[1]


def test_the_stored_variables_are_fresh(tmp_path: Path) -> None:
    programs = load_programs()
    paths = {str(write_program(name, tmp_path)): name for name in programs}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "oracle.network_builder", "2", *paths],
        cwd=_TESTS,
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for path, built in json.loads(done.stdout.splitlines()[-1]).items():
        assert "error" not in built, (paths[path], built)
        programs[paths[path]]["variables"] = built["variables"]
    assert FILE.read_text("utf-8") == text_of(programs)
