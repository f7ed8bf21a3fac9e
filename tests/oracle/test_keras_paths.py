"""What Keras 2 and Keras 3 refuse is what `checkpoint-path-form` reports, and its fixes load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Project

MODEL = """
def model(keras):
    layers = [keras.layers.Dense(3, name="one"), keras.layers.Dense(2, name="two")]
    first = keras.Input((4,)) if MAJOR == 3 else keras.layers.InputLayer(4)
    return keras.Sequential([first, *layers])
"""
WRITTEN = """
import os, shutil, zipfile
if MAJOR == 3:
    import keras
    made = model(keras)
    made.save("three.keras"); made.save("three.h5"); made.save_weights("three.weights.h5")
    zipfile.ZipFile("three.keras").extractall("unpacked")
    for name in ("hidden.h5", "hidden.weights.h5"):
        shutil.copy("three.keras", name)
    shutil.copy("three.h5", "hdf5_three.keras")
else:
    import tf_keras as keras
    made = model(keras)
    made.save("two.keras"); made.save("two.h5"); made.save_weights("mere.h5")
    made.save_weights("two.weights.h5")
    shutil.copy("mere.h5", "ending")
    shutil.copy("two.h5", "hdf5_two.keras")
    made.save_weights("cp.ckpt", save_format="tf"); made.save("saved", save_format="tf")
    for folder in ("weights", "training"):
        os.makedirs(folder)
    shutil.copy("mere.h5", "weights/mere.h5")
    made.save_weights("training/cp.ckpt", save_format="tf")
"""
ASKED = """
import json, sys
if MAJOR == 3:
    import keras
else:
    import tf_keras as keras
import tensorflow as tf
answers = []
for call in json.loads(sys.stdin.read()):
    try:
        answer = eval(call, {"keras": keras, "model": model(keras), "tf": tf})
        getattr(answer, "assert_existing_objects_matched", lambda: None)()
        answers.append("")
    except Exception as error:
        answers.append(f"{type(error).__name__}: {error}"[:500])
print(json.dumps(answers))
"""
BOTH = (
    *("cp.ckpt", "cp.ckpt.index", "cp.ckpt.data-00000-of-00001", "training", "weights"),
    *("saved", "saved/saved_model.pb", "saved/variables/variables", "saved/variables"),
    *("hidden.h5", "hidden.weights.h5"),  # archives by their content
    *("mere.h5", "ending", "training/cp.ckpt", "~/cp.ckpt", "training/checkpoint"),
)
# Nothing is there, but at paths that begin so, or are nearly these.
ABSENT = ("training/cp", "mere", "two", "tw.h5", "savd", "traning/cp.ckpt", "weights/mere")
OWN = {
    2: ("two.keras", "two.h5", "two.weights.h5", "hdf5_two.keras"),
    3: ("three.keras", "three.h5", "three.weights.h5", "unpacked", "hdf5_three.keras"),
}
CALLS = (
    'keras.models.load_model("{}")',
    'model.load_weights("{}")',
    'model.load_weights("{}", by_name=True)',
)


def run(major: int, script: str, folder: Path, given: object = None) -> str:
    """What a script prints last, in a process with that Keras in a folder."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"MAJOR = {major}\n{MODEL}\n{script}"],
        cwd=folder,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1] if done.stdout.strip() else ""


def refusals(major: int, folder: Path, calls: list[str]) -> dict[str, str]:
    """What each call raises; empty for one that loads."""
    answers: list[str] = json.loads(run(major, ASKED, folder, calls))
    return dict(zip(calls, answers, strict=True))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that both write, and directories of it."""
    folder = tmp_path_factory.mktemp("files")
    for major in (2, 3):
        run(major, WRITTEN, folder)
    return folder


@pytest.fixture(scope="module")
def refused(files: Path) -> dict[int, dict[str, str]]:
    """By version what each call raises, also those that are suggested."""
    asked = {}
    for major in (2, 3):
        calls = [call.format(path) for call in CALLS for path in (*BOTH, *OWN[major], *ABSENT)]
        fixed = [reported(files, major, call)[1] for call in calls]
        asked[major] = list(dict.fromkeys((*calls, *fixed)))
    return {major: refusals(major, files, calls) for major, calls in asked.items()}


def reported(files: Path, major: int | None, call: str) -> tuple[list[str], str]:
    """The messages about a call, and the call after the first suggestion, if there is one."""
    project = Project(files)
    if major is not None:
        project.settings(keras=major)
    snippet = f"import keras\nmodel = keras.Sequential()\n{call}\n"
    _, found = project.findings(snippet)
    fixed = project.fixed(snippet).splitlines()[-1]
    return [each.message for each in found if each.code == "checkpoint-path-form"], fixed


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("major", [2, 3])
def test_what_it_refuses_is_reported_and_nothing_else(files, refused, major, call):
    wrong: dict[str, Any] = {}
    for path in (*BOTH, *OWN[major]):
        written = call.format(path)
        messages, _ = reported(files, major, written)
        if bool(messages) != bool(refused[major][written]):
            wrong[written] = messages, refused[major][written]
    assert not wrong


@pytest.mark.parametrize("call", CALLS)
def test_where_it_is_not_known_what_both_refuse_is_reported(files, refused, call):
    wrong: dict[str, Any] = {}
    for path in BOTH:
        written = call.format(path)
        both = [refused[major][written] for major in (2, 3)]
        messages, _ = reported(files, None, written)
        if bool(messages) != all(both):
            wrong[written] = messages, both
    assert not wrong


@pytest.mark.parametrize("major", [2, 3])
def test_what_is_suggested_loads(files, refused, major):
    calls = [call.format(path) for call in CALLS for path in (*BOTH, *OWN[major], *ABSENT)]
    fixed = {call: reported(files, major, call)[1] for call in calls if "~" not in call}
    changed = {before: after for before, after in fixed.items() if after != before}
    assert {call for call in changed if "training/cp" in call or "mere" in call}
    assert {refused[major][after] for after in changed.values()} == {""}


LATEST = (
    'model.load_weights(tf.train.latest_checkpoint("training"))',
    'model.load_weights(tf.train.latest_checkpoint("training"), by_name=True)',
)


@pytest.mark.parametrize("major", [2, 3])
def test_the_newest_checkpoint_of_a_directory_is_judged_as_its_prefix_is(files, major):
    refused = refusals(major, files, list(LATEST))
    assert all(refused.values()) == (major == 3)
    for call in LATEST:
        assert bool(reported(files, major, call)[0]) == bool(refused[call]), refused[call]
    unknown = [bool(reported(files, None, call)[0]) for call in LATEST]
    assert unknown == [False, True]  # with Keras 2 the first is right
