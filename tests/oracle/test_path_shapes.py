"""Every function that takes a path, with paths of every shape: what TensorFlow does, and we say.

Where TensorFlow opens a path, nothing may be said about it. Where it refuses, or finds no
checkpoint, something must be said, but for the shapes of `NOTHING_IS_THERE`. The first
suggestion of each finding must be a path that the same function opens.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1
import tf_slim as slim
from tensorflow.python.tools import freeze_graph, inspect_checkpoint

from conftest import Project

RULES = ("checkpoint-path-form", "checkpoint-not-found", "unreadable-checkpoint")


def _restore(path: str | None) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.train.Saver({"w": tf1.get_variable("w", [2])}).restore(session, path)


def _in_graph(call: Callable[[], object]) -> None:
    with tf.Graph().as_default():
        tf1.get_variable("w", [2])
        call()


def _filled(reader: tf.train.CheckpointReader) -> None:
    assert reader.get_variable_to_shape_map()


def _printed(path: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        inspect_checkpoint.print_tensors_in_checkpoint_file(path, None, False, True)
    assert re.search(r"(?:^|\s)(?:w|v/\S*VALUE)(?:\s|$)", output.getvalue())  # not an error


def _listed(path: str) -> None:
    assert tf.train.list_variables(path)  # of an index it is an empty list


def _latest(path: str) -> None:
    assert tf.train.latest_checkpoint(path) is not None


def _stated(path: str) -> None:
    state = tf.train.get_checkpoint_state(path)
    assert state is not None
    _restore(state.model_checkpoint_path)


def _objects(path: str) -> None:
    assert not os.path.isfile(path)  # an index is opened, and nothing is restored
    tf.train.Checkpoint(v=tf.Variable([0.0, 0.0])).restore(path)


def _read(path: str) -> None:
    _filled(tf1.train.NewCheckpointReader(path))
    tf.train.Checkpoint(v=tf.Variable([0.0, 0.0])).read(path)


def _initialise(path: str) -> None:
    variable = tf1.get_variable("v", [2])
    tf1.train.init_from_checkpoint(path, {"w": variable})


def _assign(path: str) -> None:
    slim.assign_from_checkpoint(path, {"w": tf1.get_variable("v", [2])})


def _raw(path: str) -> None:
    tf.raw_ops.RestoreV2(
        prefix=path, tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32]
    )


def _viewed(path: str) -> None:
    try:
        tf.train.CheckpointView(path)
    except ValueError as error:
        # One of a saver is opened, and has no objects; so is an index, which is no prefix.
        if "does not appear to be object-based" not in str(error) or os.path.isfile(path):
            raise


def _frozen(path: str) -> None:
    with tf.Graph().as_default() as graph:
        variable = tf1.get_variable("w", [2], use_resource=False)
        result = freeze_graph.freeze_graph_with_def_protos(
            input_graph_def=graph.as_graph_def(),
            input_saver_def=tf1.train.Saver({"w": variable}).as_saver_def(),
            input_checkpoint=path,
            output_node_names="w",
            restore_op_name="",
            filename_tensor_name="",
            output_graph="",
            clear_devices=False,
            initializer_nodes="",
        )
    assert result != -1  # after a sentence on standard output


# How code calls the function with a path, and the same call in this process.
FUNCTIONS: dict[str, tuple[str, Callable[[str], object]]] = {
    "load_checkpoint": (
        "tf.train.load_checkpoint({})",
        lambda path: _filled(tf.train.load_checkpoint(path)),
    ),
    "list_variables": ("tf.train.list_variables({})", _listed),
    "load_variable": (
        'tf.train.load_variable({}, "w")',
        lambda path: tf.train.load_variable(path, "w"),
    ),
    "init_from_checkpoint": (
        'tf.train.init_from_checkpoint({}, {{"w": tf.get_variable("v", [2])}})',
        lambda path: _in_graph(lambda: _initialise(path)),
    ),
    "warm_start": (
        "tf.train.warm_start({})",
        lambda path: _in_graph(lambda: tf1.train.warm_start(path)),
    ),
    "NewCheckpointReader": (
        "tf.train.NewCheckpointReader({})",
        lambda path: _filled(tf1.train.NewCheckpointReader(path)),
    ),
    "print_tensors_in_checkpoint_file": (
        "from tensorflow.python.tools import inspect_checkpoint\n"
        "inspect_checkpoint.print_tensors_in_checkpoint_file({}, None, False)",
        _printed,
    ),
    "Saver.restore": ("tf.train.Saver().restore(session, {})", _restore),
    "assign_from_checkpoint": (
        'slim.assign_from_checkpoint({}, {{"w": tf.get_variable("v", [2])}})',
        lambda path: _in_graph(lambda: _assign(path)),
    ),
    "RestoreV2": ('tf.raw_ops.RestoreV2(prefix={}, tensor_names=["w"])', _raw),
    "latest_checkpoint": ("tf.train.latest_checkpoint({})", _latest),
    "get_checkpoint_state": (
        "state = tf.train.get_checkpoint_state({})\n"
        "tf.train.Saver().restore(session, state.model_checkpoint_path)",
        _stated,
    ),
    "import_meta_graph": (
        "tf.train.import_meta_graph({})",
        lambda path: _in_graph(lambda: tf1.train.import_meta_graph(path)),
    ),
    "Checkpoint.restore": ("tf.train.Checkpoint().restore({})", _objects),
    "Checkpoint.read": (
        "tf.train.Checkpoint().read({})",
        _read,
    ),
    "CheckpointView": ("tf.train.CheckpointView({})", _viewed),
    "freeze_graph": (
        "from tensorflow.python.tools import freeze_graph\n"
        'freeze_graph.freeze_graph("g.pb", "", True, {}, "w")',
        lambda path: _in_graph(lambda: _frozen(path)),
    ),
    "saved_model.load": ("tf.saved_model.load({})", tf.saved_model.load),
}
# What they raise for a path that they do not take.
REFUSALS = (
    *(ValueError, AttributeError, KeyError, AssertionError, OSError, TypeError),
    *(RuntimeError, tf.errors.OpError),
)

SHAPES = (
    # A prefix, and ways to write it.
    *("m", "./m", ".//m", "m/", "m/.", "./d/../m", "nowhere/../m", "d//m-2", "d/./m-2"),
    # A directory, and ways to write it.
    *("d", "d/", "d//", "./d", "./d/", "d/.", "d/../d"),
    # The usual names, of something else.
    *("checkpoint", "checkpoint/", "./checkpoint", "zoo/checkpoint", "zoo/checkpoint/"),
    *("x.index", "x.index/", "x.index/m", "model.ckpt", "model.ckpt/", "model.ckpt/m"),
    *("model.meta", "model.meta/", "model.meta/m", "named/checkpoint"),
    # State files.
    *("checkpoint/checkpoint", "d/checkpoint", "d/checkpoint/"),
    # A directory and a prefix of one name.
    *("both", "both/", "bare", "bare/"),
    # Directories in which TensorFlow finds nothing.
    *("nostate", "nostate/", "two", "badstate", "emptystate", "named", "moved", "moved/", "stale"),
    *("stale_beside", "upward"),
    # Blanks, and what TensorFlow takes for a pattern.
    *("bl ank", "bl ank/", "bl ank/m n", "d/m-2 ", "d /m-2", " d/m-2", "br[1]/m", "br/m[1]"),
    "br[1]",
    # Links.
    *("to_d", "to_d/", "to_d/m-2", "deep", "deep/../m", "two/l", "to_index", "dangling", "lost"),
    # Parts of a checkpoint.
    *("m.index", "m.meta", "m.data-00000-of-00001", "d/m-2.meta", "d//m-2.meta", "d/m-2.meta/"),
    *("to_d/m-2.meta", "d/m-3.index"),
    # Slips.
    *("d/m", "d/m.meta", "d/m-2 .meta", "chekpoint/m-7", "chekpoint/m-7.meta", "half/net"),
    "half/net.meta",
    *("inner.ckpt", "inner.ckpt.meta", "zoo/ckpt-0", "left/out/m", "too/many.ckpt"),
    # SavedModels.
    *("sm", "sm/", "sm/variables", "sm/variables/variables", "sm/saved_model.pb"),
    *("sm/variables/variables.index", "exported", "variables_only/variables"),
    # Nothing, and something else.
    *("empty", "plain", "d/m-7", "elsewhere/m"),
)
# Where nothing, or nothing that resembles it, is at a path, it may come later: silence is right.
NOTHING_IS_THERE = ("empty", "d/m-7", "elsewhere/m", "stale", "emptystate", "dangling", "lost")
# At these nothing is; only functions that want what is meant there have something near.
NEAR_PREFIXES = (
    *("d/m-2 ", "d /m-2", " d/m-2", "d/m", "chekpoint/m-7", "half/net", "inner.ckpt", "zoo/ckpt-0"),
    *("left/out/m", "too/many.ckpt", "d/m-3.index"),
)
NEAR_GRAPHS = ("d/m.meta", "d/m-2 .meta", "chekpoint/m-7.meta", "half/net.meta", "inner.ckpt.meta")
NO_PREFIX = ("latest_checkpoint", "get_checkpoint_state", "import_meta_graph", "saved_model.load")


def _is_proved(function: str, shape: str) -> bool:
    """Whether what lies on the disk proves that the path is wrong."""
    if shape in NOTHING_IS_THERE or (shape in NEAR_PREFIXES and function in NO_PREFIX):
        return False
    if shape in NEAR_GRAPHS and function in NO_PREFIX:
        return function == "import_meta_graph"
    if shape == "exported" and function in NO_PREFIX:
        return function == "saved_model.load"
    # A graph may be in a file of any name.
    return function != "import_meta_graph" or shape not in ("plain", "to_index")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shapes")
    _save(root)
    for directory, name in STATED.items():
        (root / directory).mkdir(exist_ok=True)
        text = f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n'
        (root / directory / "checkpoint").write_text(text if name else "")
    (root / "badstate" / "checkpoint").write_text("nothing that is text format")
    for copy in ("moved/m", "badstate/m", "named/checkpoint", "stale_beside/m", "upward/x"):
        _copied(root / "m", root / copy)
    _copied(root / "d" / "m-1", root / "two" / "l", link=True)
    for empty in ("empty", "bare"):
        (root / empty).mkdir()
    (root / "to_d").symlink_to("d")
    (root / "deep").symlink_to("zoo/checkpoint")
    (root / "to_index").symlink_to("m.index")
    (root / "dangling").symlink_to("nowhere")
    (root / "lost.index").symlink_to("/gone/lost.index")
    (root / "plain").write_text("hello")
    module = tf.Module()
    module.v = tf.Variable([1.0, 2.0])
    for folder in ("sm", "exported/1", "exported/2"):
        tf.saved_model.save(module, str(root / folder))
    return root


SAVED = (
    *("m", "d/m-1", "d/m-2", "checkpoint/m-7", "zoo/checkpoint/ckpt-0", "nostate/m", "two/a"),
    *("two/b", "x.index/m", "model.ckpt/m", "model.meta/m", "both", "both/m", "bare", "many.ckpt"),
    *("bl ank/m n", "br[1]/m", "br/m[1]", "half/net.ckpt-7", "folder/inner.ckpt"),
    *("left/by/out/m", "variables_only/variables/variables"),
)
STATED = {
    "d": "m-2",
    "checkpoint": "m-7",
    "zoo/checkpoint": "ckpt-0",
    "x.index": "m",
    "model.ckpt": "m",
    "model.meta": "m",
    "both": "m",
    "bl ank": "m n",
    "br[1]": "m",
    "moved": "/gone/m",
    "stale": "gone",
    "stale_beside": "gone",
    "upward": "../m",
    "badstate": "",
    "emptystate": "",
}


def _save(root: Path) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        # Random values are, now and then, bytes that TensorFlow reads as an empty graph.
        session.run(tf1.get_variable("w", initializer=[1.0, 2.0]).initializer)
        for prefix in SAVED:
            (root / prefix).parent.mkdir(parents=True, exist_ok=True)
            tf1.train.Saver().save(session, f"{root}/{prefix}", write_state=False)


def _copied(prefix: Path, to: Path, link: bool = False) -> None:
    to.parent.mkdir(exist_ok=True)
    for end in (".index", ".data-00000-of-00001", ".meta"):
        if link:
            os.symlink(f"{prefix}{end}", f"{to}{end}")
        else:
            shutil.copy(f"{prefix}{end}", f"{to}{end}")


def _opens(function: str, path: str) -> bool:
    try:
        FUNCTIONS[function][1](path)
    except REFUSALS as error:
        # That a variables have other names than `w` is not what is asked here.
        is_other = "variables/variables" in path and not path.endswith(".index")
        return is_other and OTHER_NAMES.search(str(error)) is not None
    return True


OTHER_NAMES = re.compile(r"Key w |Tensor w |object-based|not found in|missing variable")


@pytest.fixture(scope="module")
def told(places: Path) -> Callable[[str, str], list[tuple[str, tuple[str, ...]]]]:
    project = Project(places)

    def of(function: str, literal: str) -> list[tuple[str, tuple[str, ...]]]:
        _, found = project.findings(FUNCTIONS[function][0].format(literal))
        return [
            (f"{each.severity.label} [{each.code}] {each.message}", each.suggestions)
            for each in found
            if each.code in RULES
        ]

    return of


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_path_is_accused_where_tensorflow_does_not_open_it(
    function, shape, places, told, monkeypatch
):
    monkeypatch.chdir(places)
    found = told(function, repr(shape))
    if _opens(function, shape):
        assert not found
        return
    if not _is_proved(function, shape):
        return
    assert len(found) == 1
    message, suggestions = found[0]
    assert str(places) not in message
    for suggestion in suggestions[:1]:
        assert _opens(function, suggestion), (message, suggestion)


def _train(path: str) -> None:
    with tf.Graph().as_default():
        tf1.get_variable("w", [2])
        tf1.train.get_or_create_global_step()
        with tf1.train.MonitoredTrainingSession(
            checkpoint_dir=path, save_checkpoint_secs=None, save_summaries_steps=None
        ):
            pass


# Of a path that it also writes, whether it is told, and what a session does with it.
WORKING = {
    "d": (False, None),
    "d/": (False, None),
    "checkpoint": (False, None),
    "nostate": (False, None),
    "elsewhere": (False, None),
    "both": (False, None),
    "badstate": (False, None),
    "m": (True, None),  # a directory of that name is made, and training starts from scratch
    "moved": (True, ValueError),
    "stale_beside": (True, ValueError),
    "d/checkpoint": (True, tf.errors.FailedPreconditionError),
    "m.index": (True, tf.errors.FailedPreconditionError),
    "plain": (True, tf.errors.FailedPreconditionError),
}


@pytest.mark.parametrize("shape", WORKING)
def test_a_directory_that_is_written_too(shape, places, tmp_path, monkeypatch):
    shutil.copytree(places, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(tmp_path / "copy")
    is_told, error = WORKING[shape]
    code = f"tf.train.MonitoredTrainingSession(checkpoint_dir={shape!r})"
    _, found = Project(tmp_path / "copy").findings(code)
    assert bool([each for each in found if each.code in RULES]) == is_told
    for suggestion in found[0].suggestions[:1] if found else ():
        assert os.path.isdir(suggestion)
    if error is not None:
        with pytest.raises(error):
            _train(shape)
        return
    try:
        _train(shape)
    except tf.errors.NotFoundError as missing:  # the step, which no checkpoint here has
        assert "global_step" in str(missing)


@pytest.mark.parametrize("shape", ["m", "d", "m.index", "checkpoint", "moved"])
@pytest.mark.parametrize("function", ["load_checkpoint", "Saver.restore", "latest_checkpoint"])
def test_an_absolute_path_is_as_a_relative_one(function, shape, places, told, monkeypatch):
    monkeypatch.chdir(places)
    place = str(places / shape)
    found, relative = told(function, repr(place)), told(function, repr(shape))
    assert bool(found) == bool(relative) == (not _opens(function, place))
    for _, suggestions in found:
        assert all(_opens(function, each) for each in suggestions[:1])


@pytest.mark.parametrize(
    "written",
    [
        'str(pathlib.Path("m/"))',
        'str(pathlib.Path("d") / "m-2/")',
        'str(pathlib.Path("zoo") / "checkpoint" / "ckpt-0")',
        'os.path.join("d", "m-2")',
        'os.path.join("d", "m-2", "")',
        'os.path.normpath("m/")',
        'os.path.abspath("d/m-2/")',
        'pathlib.Path("d/").joinpath("m-1/").as_posix()',
    ],
)
def test_a_path_that_is_put_together_is_judged_as_it_comes_out(written, places, told, monkeypatch):
    import pathlib

    monkeypatch.chdir(places)
    path = eval(written, {"os": os, "pathlib": pathlib})
    project = Project(places)
    code = "import os, pathlib\n" + FUNCTIONS["Saver.restore"][0].format(written)
    found = [each for each in project.findings(code)[1] if each.code in RULES]
    assert bool(found) == (not _opens("Saver.restore", path))


@pytest.mark.parametrize("shape", ["checkpoint", "d", "d/checkpoint", "m.index", "moved", "two"])
def test_the_default_of_a_flag_is_judged_as_a_literal(shape, places, told, monkeypatch):
    monkeypatch.chdir(places)
    project = Project(places)
    code = (
        f'tf.app.flags.DEFINE_string("ckpt", {shape!r}, "")\nFLAGS = tf.app.flags.FLAGS\n'
        + FUNCTIONS["load_checkpoint"][0].format("FLAGS.ckpt")
    )
    found = [each for each in project.findings(code)[1] if each.code in RULES]
    assert bool(found) == (not _opens("load_checkpoint", shape))


def _managed(path: str) -> None:
    checkpoint = tf.train.Checkpoint(v=tf.Variable([0.0, 0.0]))
    manager = tf.train.CheckpointManager(checkpoint, path, 3)
    manager.restore_or_initialize()
    manager.save()


@pytest.mark.parametrize("shape", WORKING)
def test_a_manager_of_a_directory_is_judged_as_a_session(shape, places, tmp_path, monkeypatch):
    shutil.copytree(places, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(tmp_path / "copy")
    is_told, error = WORKING[shape]
    code = f"tf.train.CheckpointManager(tf.train.Checkpoint(), {shape!r}, 3)"
    _, found = Project(tmp_path / "copy").findings(code)
    assert bool([each for each in found if each.code in RULES]) == is_told
    try:
        _managed(shape)
        is_refused = False
    except (ValueError, tf.errors.OpError):
        is_refused = True
    assert is_refused == (error is not None)
