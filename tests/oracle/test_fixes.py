"""Programs that are wrong, mended by the first suggestion of each finding, and run by TensorFlow.

Every stored value is one, every initial value another: a program ends with `ok`, which is true
only if it has loaded what it says. Before the fix it raises, or `ok` is false.
"""

# ruff: noqa: E501 - each program is one text

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from ckptls.features.diagnostics.all_rules import all_rules
from conftest import HEAD, Project

IMPORTS = "import numpy as np\nimport tensorflow.compat.v1 as tf1\n"
SHAPES = {
    "net/conv1/weights": [3, 3, 1, 2],
    "net/conv1/biases": [2],
    "net/fc8/weights": [2, 4],
    "net/fc8/biases": [4],
    "net/logits/kernel": [4, 4],
    "old/dense_37/kernel": [2],
    "old/dense_37/bias": [2],
    "old/alone/kernel": [2],
    "global_step": [],
}
# Makes some variables, all zero, and what restores them in a session.
MODEL = """
def made(*names):
    shapes = dict(tf.train.list_variables("model.ckpt"))
    return [tf1.get_variable(n, shapes.get(n, [2]), initializer=tf1.zeros_initializer()) for n in names]
def are_ones(*variables, restore=None):
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        if restore is not None:
            restore(session)
        return all(np.all(value == 1) for value in session.run(list(variables)))
"""
INTO = """
with tf1.variable_scope("mine/dense"):
    k = tf1.get_variable("kernel", [2], initializer=tf1.zeros_initializer())
    b = tf1.get_variable("bias", [2], initializer=tf1.zeros_initializer())
"""
ONE = """
with tf1.variable_scope("mine/dense"):
    k = tf1.get_variable("kernel", [2], initializer=tf1.zeros_initializer())
"""

PROGRAMS: dict[str, list[str]] = {
    "unknown-variable": [
        'ok = np.all(tf.train.load_variable("model.ckpt", "net/fc8/weight") == 1)',
        'reader = tf.train.load_checkpoint("model.ckpt")\nok = reader.get_tensor("net/conv1/bias").sum() == 2',
        'shapes = tf.train.load_checkpoint("model.ckpt").get_variable_to_shape_map()\nok = shapes["fc8/weights"]',
        'reader = tf.train.load_checkpoint("model.ckpt")\nok = all(np.all(reader.get_tensor("net/fc8/" + n) == 1) for n in ["weights", "biasses"])',
        MODEL + '(w,) = made("net/fc8/weights")\nsaver = tf1.train.Saver({"net/fc8/wieghts": w})\nok = are_ones(w, restore=lambda s: saver.restore(s, "model.ckpt"))',
        MODEL + ONE + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/dense_37/kernle": "mine/dense/kernel"})\nok = are_ones(k)',
        MODEL + ONE + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/alone": k})\nok = are_ones(k)',
        MODEL + ONE + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/alone": "mine/dense/kernel"})\nok = are_ones(k)',
        MODEL + ONE + 'assign, values = slim.assign_from_checkpoint("model.ckpt", {"old/alone/kernels": k})\nok = are_ones(k, restore=lambda s: s.run(assign, values))',
        'ok = np.all(tf.train.load_checkpoint("objects-1").get_tensor("belly/kernel") == 1)',
        'scope = "net/fc9"\nok = np.all(tf.train.load_variable("model.ckpt", "net/" + "fc8/biasse") == 1)',
        'for i in (8,):\n    ok = np.all(tf.train.load_variable("model.ckpt", f"net/fc{i}/wieghts") == 1)',
        'ok = np.all(tf.train.load_variable("model.ckpt", """net/fc8/wieghts""") == 1)',
        'ok = np.all(tf.train.load_variable("model.ckpt", "net/%s/biasse" % "fc8") == 1)',
        MODEL + ONE + 'tf1.train.warm_start("model.ckpt", ".*", var_name_to_prev_var_name={"mine/dense/kernel": "old/alone/kernle"})\nok = are_ones(k)',
        MODEL + ONE + 'tf1.train.init_from_checkpoint("model.ckpt", {"alone/kernel": "mine/dense/kernel"})\nok = are_ones(k)',
        'scope = "net/" + "fc8"\nread = tf.train.load_checkpoint("model.ckpt").get_tensor\nok = all(np.all(each == 1) for each in (read(scope + "/biases"), read(scope + "weights")))',
    ],
    "unknown-scope": [
        MODEL + INTO + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/dense_73/": "mine/dense/"})\nok = are_ones(k, b)',
        MODEL + INTO + 'tf1.train.init_from_checkpoint("model.ckpt", {"dense_37/": "mine/dense/"})\nok = are_ones(k, b)',
    ],
    "missing-value-suffix": [
        'ok = np.all(tf.train.load_variable("objects-1", "net/w") == 1)',
        'reader = tf.train.load_checkpoint("objects-1")\nok = all(np.all(reader.get_tensor("net/" + n) == 1) for n in ("w",))',
    ],
    "tensor-suffix": [
        'ok = np.all(tf.train.load_checkpoint("model.ckpt").get_tensor("net/fc8/biases:0") == 1)',
        'ok = tf.train.load_checkpoint("model.ckpt").has_tensor("net/fc8/biases:0")',
        MODEL + ONE + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/alone/kernel:0": "mine/dense/kernel"})\nok = are_ones(k)',
        MODEL + ONE + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/alone/kernel": "mine/dense/kernel:0"})\nok = are_ones(k)',
        MODEL + ONE + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/alone/kernel:0": "mine/dense/kernel:0"})\nok = are_ones(k)',
        'x = tf1.placeholder(tf.float32, [], name="x")\nok = tf1.get_default_graph().get_tensor_by_name("x") is x',
        'ok = all(np.all(tf.train.load_checkpoint("model.ckpt").get_tensor(f"net/fc8/{n}:0") == 1) for n in ("biases", "weights"))',
        'x = tf1.placeholder(tf.float32, [], name="x")\nok = tf1.get_default_graph().get_operation_by_name("x:0") is x.op',
    ],
    "assignment-map-form": [
        MODEL + INTO + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/dense_37/": "mine/dense/kernel"})\nok = are_ones(k, b)',
        MODEL + INTO + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/alone/": "mine/dense/kernel"})\nok = are_ones(k)',
        MODEL + INTO + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/dense_37/": "mine/dense"})\nok = are_ones(k, b)',
        MODEL + INTO + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/dense_37": "mine/dense/"})\nok = are_ones(k, b)',
        MODEL + INTO + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/dense_37/kernel": "mine/dense/"})\nok = are_ones(k)',
        MODEL + INTO + 'tf1.train.init_from_checkpoint("model.ckpt", [("old/dense_37/", "mine/dense")])\nok = are_ones(k, b)',
        MODEL + INTO + 'old = "old/"\ntf1.train.init_from_checkpoint("model.ckpt", {old + "dense_37": "mine/dense/"})\nok = are_ones(k, b)',
        MODEL + ONE + 'tf1.train.init_from_checkpoint("model.ckpt", {"old/alone/": "mine/dense/kernel"})\nok = are_ones(k)',
        MODEL + 'w, c = made("net/conv1/weights", "net/conv1/biases")\ntf1.train.init_from_checkpoint("model.ckpt", {"/": ""})\nok = are_ones(w, c)',
    ],
    "checkpoint-path-form": [
        'ok = len(tf.train.list_variables("model.ckpt.index")) > 1',
        MODEL + '(w,) = made("net/fc8/weights")\nsaver = tf1.train.Saver()\nok = are_ones(w, restore=lambda s: saver.restore(s, "runs"))',
        'ok = tf.train.latest_checkpoint("runs/model.ckpt-10")',
        'v = tf.Variable([0.0, 0.0])\nnet = tf.Module()\nnet.w = v\nstatus = tf.train.Checkpoint(net=net).read("objects-1.index")\nstatus.assert_existing_objects_matched()\nok = True',
        'tf1.train.import_meta_graph("runs/model.ckpt-10")\nok = True',
        'import os\nok = len(tf.train.list_variables("~/model.ckpt")) > 1',
    ],
    "checkpoint-not-found": [
        'ok = len(tf.train.list_variables("modle.ckpt")) > 1',
        'ok = len(tf.train.list_variables("runs/model.ckpt")) > 0',
        'ok = tf.train.latest_checkpoint("rusn")',
        'from pathlib import Path\npath = Path("runs") / "model.ckpt-10"\ntf1.train.import_meta_graph(str(path.with_suffix(".meta")))\nok = len(tf.train.list_variables(path)) > 0',
    ],
    "pattern-matches-nothing": [
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nchosen = slim.get_variables_to_restore(exclude=["net/fcc8"])\nslim.assign_from_checkpoint_fn("model.ckpt", chosen)\nok = chosen == [c]',
        MODEL + 'w, c = made("net/logits/kernel", "net/conv1/biases")\nchosen = slim.get_variables_to_restore(exclude=["net/logitz"])\nslim.assign_from_checkpoint_fn("model.ckpt", chosen)\nok = chosen == [c]',
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nchosen = slim.get_variables_to_restore(exclude=["fc8"])\nslim.assign_from_checkpoint_fn("model.ckpt", chosen)\nok = chosen == [c]',
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nchosen = slim.get_variables_to_restore(include=["net/fc8/weights$"])\nslim.assign_from_checkpoint_fn("model.ckpt", chosen)\nok = chosen == [w]',
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nslim.assign_from_checkpoint_fn("model.ckpt", [c])\nok = tf1.trainable_variables("net/cnov1") == [c]',
        MODEL + '(c,) = made("net/conv1/biases")\ntf1.train.warm_start("model.ckpt", vars_to_warm_start="net/cnv1.*")\nok = are_ones(c)',
    ],
    "joined-names": [
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nchosen = slim.get_variables_to_restore(exclude=["net/fc8, net/logits"])\nslim.assign_from_checkpoint_fn("model.ckpt", chosen)\nok = chosen == [c]',
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nchosen = slim.get_variables_to_restore(exclude=["net/fc8,net/logits"])\nslim.assign_from_checkpoint_fn("model.ckpt", chosen)\nok = chosen == [c]',
        MODEL + 'w, c, s = made("net/fc8/weights", "net/conv1/biases", "global_step")\nchosen = slim.get_variables_to_restore(exclude=["net/fc8/weights" "global_step"])\nslim.assign_from_checkpoint_fn("model.ckpt", chosen)\nok = chosen == [c]',
    ],
    "not-a-list": [
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nok = slim.get_variables_to_restore(exclude="net/fc8") == [c]',
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nok = slim.get_variables_to_restore(include="net/fc8") == [w]',
        MODEL + 'w, c = made("net/fc8/weights", "net/conv1/biases")\nok = slim.filter_variables([w, c], include_patterns="fc8") == [w]',
    ],
    "misspelled-scope": [
        MODEL + 'with tf1.variable_scope("nett/fc8"):\n    w = tf1.get_variable("weights", [2, 4], initializer=tf1.zeros_initializer())\nsaver = tf1.train.Saver()\nok = are_ones(w, restore=lambda s: saver.restore(s, "model.ckpt"))',
        MODEL + 'with tf1.variable_scope("net"):\n    with tf1.variable_scope("fc8"):\n        w = tf1.get_variable("wieghts", [2, 4], initializer=tf1.zeros_initializer())\nsaver = tf1.train.Saver()\nok = are_ones(w, restore=lambda s: saver.restore(s, "model.ckpt"))',
    ],
    "dead-name-test": [
        'names = [n for n, _ in tf.train.list_variables("model.ckpt") if n.startswith("net/cnov1")]\nok = len(names) == 2',
        'names = [n for n, _ in tf.train.list_variables("model.ckpt") if "/kernal" in n]\nok = len(names) == 3',
        'ok = any(n == "net/fc8/weight" for n, _ in tf.train.list_variables("model.ckpt"))',
    ],
    "unknown-layer": [
        'model = tf.keras.models.load_model("model.h5")\nok = model.get_layer("truck").name == "trunk"',
        'keras = tf.keras\nmodel = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="trnuk", kernel_initializer="zeros")])\nmodel.load_weights("model.h5", by_name=True)\nok = np.all(model.get_weights()[0] == 1)',
    ],
    "unknown-tensor": [
        'with tf1.Session() as session:\n    saver = tf1.train.import_meta_graph("runs/model.ckpt-10.meta")\n    ok = session.graph.get_tensor_by_name("net/socres:0") is not None',
        'tf1.train.import_meta_graph("runs/model.ckpt-10.meta")\nok = tf1.get_default_graph().get_operation_by_name("inptu") is not None',
    ],
    "unknown-object": [
        'net = tf.Module()\nnet.w = tf.Variable([0.0, 0.0])\nstatus = tf.train.Checkpoint(nte=net).read("objects-1")\nok = np.all(net.w.numpy() == 1)',
    ],
}  # fmt: skip


def write_checkpoints(folder: Path) -> None:
    """What the programs read; every value is one."""
    with tf.Graph().as_default(), tf1.Session() as session:
        for name, shape in SHAPES.items():
            tf1.get_variable(name, shape, initializer=tf1.ones_initializer())
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, str(folder / "model.ckpt"), write_state=False)
        (folder / "model.ckpt.meta").unlink()
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.placeholder(tf.float32, [None, 2], name="input")
        weights = tf1.get_variable("net/fc8/weights", [2, 4], initializer=tf1.ones_initializer())
        tf.identity(weights, name="net/scores")
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, str(folder / "runs" / "model.ckpt"), global_step=10)
    objects = tf.train.Checkpoint(net=tf.Module(), tummy=tf.Module())
    objects.net.w = tf.Variable([1.0, 1.0], name="plain")
    objects.tummy.kernel = tf.Variable([1.0, 1.0], name="belly/kernel")
    objects.write(str(folder / "objects-1"))
    layers = [tf.keras.layers.Dense(2, name="trunk", kernel_initializer="ones")]
    tf.keras.Sequential([tf.keras.Input((2,)), *layers]).save(str(folder / "model.h5"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fixes")
    write_checkpoints(folder)
    return folder


@pytest.fixture
def at(files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder as working directory and home."""
    monkeypatch.chdir(files)
    monkeypatch.setenv("HOME", str(files))
    yield files


def outcome(program: str) -> str:
    """What a program comes to: `ok`, `not ok`, or what it raises."""
    names: dict[str, Any] = {}
    is_graph = "tf1." in program or "slim." in program
    try:
        if is_graph:
            with tf.Graph().as_default():
                exec(program, names)
        else:
            exec(program, names)
    except Exception as error:  # noqa: BLE001 - whatever TensorFlow raises
        return f"{type(error).__name__}: {error}"
    return "ok" if np.all(names["ok"]) and names["ok"] is not None else "not ok"


CASES = [(code, program) for code, programs in PROGRAMS.items() for program in programs]
NAMES = [f"{code}-{i}" for code, programs in PROGRAMS.items() for i in range(len(programs))]


@pytest.mark.parametrize(("code", "program"), CASES, ids=NAMES)
def test_a_program_is_mended(at, code, program):
    project = Project(at)
    snippet = IMPORTS + program + "\n"
    found = project.findings(snippet)[1]
    assert code in {each.code for each in found}
    assert outcome(HEAD + snippet) != "ok"
    fixed = snippet
    for _ in range(5):
        fixed = project.fixed(fixed)
    assert fixed != snippet
    assert [each.message for each in project.findings(fixed)[1]] == []
    assert outcome(HEAD + fixed) == "ok", fixed


def test_every_rule_with_fixes_has_programs():
    assert PROGRAMS.keys() == {rule.code for rule in all_rules() if rule.has_fix}
