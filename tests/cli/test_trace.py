"""`ckptls trace`: the variables of a program are those that TensorFlow itself lists."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ckptls.cli.tracing import traced_program
from ckptls.source.inventory.model_file import TracedModel, read_model_file
from ckptls.source.inventory.model_inventory import ModelVariable, Purpose
from ckptls.source.inventory.restore_request import RestoreKind
from cli.command import ckptls_command

PROGRAMS = Path(__file__).parent / "data" / "trace"
LEGACY = {"TF_USE_LEGACY_KERAS": "1"}


@dataclass(frozen=True)
class Traced:
    """A run of the command: what it wrote, and what TensorFlow listed in the same process."""

    model: TracedModel
    document: dict[str, Any]
    truth: dict[str, Any]
    errors: str
    output: str

    def variable(self, name: str) -> ModelVariable:
        (found,) = (each for each in self.model.facts.inventory.variables if each.name == name)
        return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(PROGRAMS, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trace(folder: Path, *arguments: str, exit_code: int = 0, **environment: str) -> Traced:
    """Trace with the interpreter of the tests."""
    output = folder / "model.json"
    options = ("-o", str(output), "--python", sys.executable, "--format", "text")
    own, separator, others = list(arguments), [], []
    if "--" in own:
        place = own.index("--")
        own, separator, others = own[:place], ["--"], own[place + 1 :]
    done = ckptls_command(
        *("trace", *own, *options, *separator, *others),
        **{"TRUTH": str(folder / "truth.json"), **environment},
    )
    assert done.returncode == exit_code, done.stderr
    written = output.read_text("utf-8")
    truth = folder / "truth.json"
    return Traced(
        read_model_file(written, str(folder)),
        json.loads(written),
        json.loads(truth.read_text("utf-8")) if truth.exists() else {},
        done.stderr,
        done.stdout,
    )


def listed(variables: Any) -> list[list[Any]]:
    return [[each.name, list(each.shape), each.dtype] for each in variables]


def test_a_program_of_tensorflow_1_has_the_variables_that_its_graph_lists(folder: Path) -> None:
    traced = trace(folder, "train.py", "--", "--init", "x/model.ckpt", **LEGACY)
    inventory = traced.model.facts.inventory
    assert listed(inventory.variables) == traced.truth["variables"]
    assert inventory.is_complete
    trainable = [each.name for each in inventory.variables if each.is_trainable]
    assert trainable == traced.truth["trainable"]
    (restore,) = traced.model.facts.restores
    assert sorted(each.key for each in restore.items) == traced.truth["asked"]
    assert restore.kind is RestoreKind.NAMES
    assert [use.text.literal for use in restore.paths] == ["x/model.ckpt"]
    parts = {each.variable.name: each.part for each in restore.items if each.key == "table"}
    assert parts == {"table/part_0": ((0, 3), (0, 4)), "table/part_1": ((3, 3), (0, 4))}

    conv = traced.variable("resnet/unit_1/conv1/weights")
    places = [f"{Path(each.path or '').name}:{each.line + 1}" for each in conv.name_places]
    lines = (folder / "nets.py").read_text().splitlines()
    assert lines[int(places[-1].partition(":")[2]) - 1].strip().startswith("residual =")
    assert [each.partition(":")[0] for each in places] == [
        *("train.py", "train.py", "nets.py", "nets.py")
    ]
    slot = traced.variable("resnet/logits/weights/Adam_1")
    assert (slot.purpose, slot.of) == (Purpose.SLOT, "resnet/logits/weights")
    average = traced.variable("resnet/logits/biases/ExponentialMovingAverage")
    assert (average.purpose, average.of) == (Purpose.AVERAGE, "resnet/logits/biases")
    assert traced.variable("global_step").purpose is Purpose.STEP
    assert traced.variable("beta1_power").purpose is Purpose.SLOT
    assert "model_variables" in conv.collections

    assert "stopped before `Session.run` at train.py:" in traced.errors
    assert not list(folder.glob("must-not*"))
    assert {Path(each).name for each in traced.model.checksums} == {
        *("train.py", "nets.py", "truth.py")
    }
    # Neither the machine nor the time is in the file.
    assert str(folder) not in json.dumps(traced.document)


def test_a_checkpoint_of_objects_asks_for_the_keys_that_tensorflow_writes(folder: Path) -> None:
    traced = trace(folder, "objects.py", **LEGACY)
    (restore,) = traced.model.facts.restores
    found = sorted([each.key, list(each.variable.shape or ())] for each in restore.items)
    assert found == sorted(traced.truth["keys"])
    assert (restore.kind, restore.asserts) == (RestoreKind.OBJECTS, "consumed")
    assert "stopped before `Optimizer.apply_gradients` at objects.py:" in traced.errors


@pytest.mark.parametrize("environment", [{}, LEGACY], ids=["keras3", "keras2"])
def test_a_keras_model_has_its_weights_and_its_slots(
    folder: Path, environment: dict[str, str]
) -> None:
    traced = trace(folder, "keras_model.py", **environment)
    variables = traced.model.facts.inventory.variables
    weights = [each for each in variables if each.purpose is not Purpose.SLOT]
    assert listed(weights) == traced.truth["variables"]
    slots = [each for each in variables if each.purpose is Purpose.SLOT]
    kept = [each for each in traced.document["variables"] if each.get("internal") == "optimizer"]
    has = listed(slots) + [[each["name"], each["shape"], each["dtype"]] for each in kept]
    assert [each for each in traced.truth["optimizer"] if each not in has] == []
    assert len(slots) == 16
    assert all(each.of in {weight.name for weight in weights} for each in slots)
    # What Keras keeps for itself is in the file, and marked.
    internal = {each.get("internal") for each in traced.document["variables"]}
    assert {"optimizer", "metric"} <= internal
    (restore,) = traced.model.facts.restores
    assert {each.layer for each in restore.items} >= {"stem", "head"}
    assert "stopped before `Model.fit` at keras_model.py:" in traced.errors
    assert not list(folder.glob("must-not*"))


def test_a_function_is_called_with_placeholders_under_a_scope(folder: Path) -> None:
    traced = trace(
        *(folder, "nets.py:resnet", "--arg", "float32[?,8,8,3]", "--arg", "num_classes=2 + 3"),
        *("--under", "nets.py:resnet_arg_scope()", "--under", "tf.variable_scope('tower')"),
        **LEGACY,
    )
    names = [each.name for each in traced.model.facts.inventory.variables]
    assert names[0] == "tower/resnet/unit_0/shortcut/weights"
    assert "tower/resnet/unit_0/shortcut/BatchNorm/gamma" in names
    assert traced.variable("tower/resnet/logits/biases").shape == (5,)
    assert len(names) == 22


def test_a_model_that_its_first_call_builds_is_called(folder: Path) -> None:
    traced = trace(folder, "keras_model.py:later", "--call", "float32[1,4]")
    assert [each.shape for each in traced.model.facts.inventory.variables] == [
        *((4, 3), (3,), (3, 2), (2,))
    ]
    assert len(traced.model.keys) == 4


def fails(folder: Path, text: str, *arguments: str) -> str:
    """What is reported of a program that makes no variables."""
    (folder / "fails.py").write_text(text)
    target = () if arguments and arguments[0].startswith("fails") else ("fails.py",)
    done = ckptls_command("trace", *target, "--python", sys.executable, *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        (
            "import os\n\nopen('data/a.txt')\n",
            (),
            [r"fails\.py:3: FileNotFound", r"`data/a\.txt` is"],
        ),
        ("import nowhere.to\n", (), [r"fails\.py:1: Module", r"has no module `nowhere`"]),
        ("def f():\n    g()\n\nf()\n", (), [r"fails\.py:2: NameError", r"called at fails\.py:4"]),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--d', required=True)\n"
            "p.parse_args()\n",
            (),
            [r"fails\.py:4: the program exited with 2", r"required: --d", r"behind `--`"],
        ),
        ("print 'a'\n", (), [r"fails\.py:1: SyntaxError", r"another Python"]),
        ("input()\n", (), [r"EOFError", r"standard input"]),
        ("import os\nos.kill(os.getpid(), 11)\n", (), [r"ended with signal 11"]),
        ("x = 1\n", (), [r"made no variables, and does not import TensorFlow"]),
        ("def f(a): pass\n", ("fails.py:g",), [r"`fails\.py` has no `g`"]),
        ("def f(a): pass\n", ("fails.py:f",), [r"TypeError", r"--arg NAME=VALUE"]),
        ("def f(a): pass\n", ("fails.py:f", "--arg", "x/y"), [r"'x' is not defined", r"quotes"]),
        ("x = 1\n", ("--arg", "1"), [r"`--arg` is for functions"]),
        ("x = 1\n", ("-o", "no/such.json"), [r"no folder `no`"]),
        ("import time\ntime.sleep(60)\n", ("--timeout", "1"), [r"at fails\.py:2 after 1 s"]),
    ],
)
def test_a_failure_says_where_and_what_is_missing(
    folder: Path, text: str, arguments: tuple[str, ...], expected: list[str]
) -> None:
    if arguments[:1] in (("fails.py:f",), ("fails.py:g",)):
        arguments = (*arguments, "--eager")
    errors = fails(folder, text, *arguments)
    for each in expected:
        assert re.search(each, errors), errors
    assert "Traceback" not in errors


def test_the_run_before_is_not_deleted(folder: Path) -> None:
    (folder / "old").mkdir()
    (folder / "old" / "model.ckpt").write_text("weights")
    text = "import os, shutil\nshutil.rmtree('old')\nos.makedirs('old')\nos.mkdir('new')\n"
    errors = fails(folder, text)
    assert "note: the directory `old` was not deleted" in errors
    assert "FileExistsError" not in errors
    assert (folder / "old" / "model.ckpt").read_text() == "weights"
    assert (folder / "new").is_dir()
    again = fails(folder, "import os\nos.makedirs('old')\n")
    assert "fails.py:2: FileExistsError" in again


def test_a_program_that_is_interrupted_ends_with_all_that_it_started(folder: Path) -> None:
    (folder / "waits.py").write_text(
        "import pathlib, subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('other').write_text(str(other.pid))\n"
        "while True:\n    time.sleep(1)\n"
    )
    command = [sys.executable, "-m", "ckptls", "trace", "waits.py", "--python", sys.executable]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not ((folder / "other").exists() and (folder / "other").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert b"Traceback" not in errors
    other = int((folder / "other").read_text())
    while _is_running(other):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def test_the_traced_side_is_python_3_7_and_needs_the_standard_library_alone() -> None:
    text = Path(traced_program.__file__).read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
    }
    assert imported <= sys.stdlib_module_names
    late = (ast.Match, ast.NamedExpr)
    assert not [node for node in ast.walk(tree) if isinstance(node, late)]
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not {each for each in called if each.endswith((".removeprefix", ".removesuffix"))}


def test_programs_are_run_by_the_command_alone() -> None:
    package = Path(traced_program.__file__).parents[2]
    mentions = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "tracing" in path.read_text("utf-8") or "runpy" in path.read_text("utf-8")
    }
    others = {each for each in mentions if not each.startswith("cli/tracing/")}
    assert others == {"cli/commands/trace.py"}
