"""The programs below `networks`, and what TensorFlow makes of each, as it is stored.

python -m program.network_truth          (in tests/; writes `networks/truth` again)
python -m program.network_truth compare  (prints what reading finds of each)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "networks"
TRUTH = FOLDER / "truth"
FIGURES = TRUTH / "figures.json"
# What is compared of the collections that a variable is in.
COLLECTIONS = {
    "variables",
    "trainable_variables",
    "model_variables",
    "moving_average_variables",
    "local_variables",
    "metric_variables",
    "global_step",
}
_TESTS = Path(__file__).parents[1]


def programs() -> dict[str, Path]:
    """The programs by name: single files, and `main.py` in the folders of those of several."""
    found = {}
    for folder in (FOLDER, FOLDER / "kept_aside"):
        for path in [*folder.glob("*.py"), *folder.glob("*/main.py")]:
            name = path.parent.name if path.name == "main.py" else path.stem
            if name != "__init__":
                assert name not in found, name
                found[name] = path
    return dict(sorted(found.items()))


def keras_of(path: Path) -> int:
    """The Keras that a program is written for; TensorFlow 1 had that of before."""
    return 3 if path.read_text().startswith("# keras: 3") else 2


def stored(name: str) -> dict[str, Any]:
    """What TensorFlow made of a program when `networks/truth` was written."""
    found = json.loads((TRUTH / f"{name}.json").read_text())
    kinds = found.pop("collections")
    for each in found["variables"]:
        each[4] = kinds[each[4]]
    found["restores"] = [_unfolded(each, found) for each in found["restores"]]
    return found


def _folded(restore: dict[str, str], truth: dict[str, Any]) -> dict[str, Any]:
    """A restore in few words: which variables it leaves out, where all keys are their names."""
    names = [each[0] for each in truth["variables"]]
    if len(set(names)) == len(names) and all(key == name for key, name in restore.items()):
        return {"without": [name for name in names if name not in restore]}
    return {"keys": restore}


def _unfolded(stored_restore: dict[str, Any], truth: dict[str, Any]) -> dict[str, str]:
    if "keys" in stored_restore:
        return stored_restore["keys"]
    without = set(stored_restore["without"])
    return {each[0]: each[0] for each in truth["variables"] if each[0] not in without}


def build() -> dict[str, dict[str, Any]]:
    """What TensorFlow makes of each program now: two processes, of some seconds each."""
    found: dict[str, dict[str, Any]] = {}
    for keras in (2, 3):
        wanted = {str(path): name for name, path in programs().items() if keras_of(path) == keras}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "oracle.network_builder", str(keras), *wanted],
            cwd=_TESTS,
            env={**os.environ, "TF_USE_LEGACY_KERAS": str(int(keras == 2))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        for path, one in json.loads(done.stdout.splitlines()[-1]).items():
            found[wanted[path]] = one
    return found


def text_of(truth: dict[str, Any]) -> str:
    """A stored truth: one variable a line, so that differences can be read."""
    kinds = [list(each) for each in sorted({tuple(each[4]) for each in truth["variables"]})]
    variables = ",\n".join(
        "  " + json.dumps([*each[:4], kinds.index(each[4])]) for each in truth["variables"]
    )
    restores = ",\n".join("  " + json.dumps(_folded(each, truth)) for each in truth["restores"])
    return (
        f'{{"keras": {truth["keras"]},\n "collections": {json.dumps(kinds)},\n'
        f' "variables": [\n{variables}\n ],\n "restores": [\n{restores}\n ]}}\n'
    )


def main() -> None:
    TRUTH.mkdir(exist_ok=True)
    for name, truth in build().items():
        assert "error" not in truth, (name, truth)
        (TRUTH / f"{name}.json").write_text(text_of(truth))


if __name__ == "__main__":
    main()
