"""Runs the programs of tests/program/networks with TensorFlow, and notes what they make and ask.

    python -m oracle.network_builder 2|3 FILE...    (in tests/; prints JSON, last)

Programs for Keras 2 are run as those of TensorFlow 1 were: `tensorflow` is its compat.v1
module with what `tf.contrib` had of it. Nothing is computed: sessions give nothing back, and
savers note what they would look up.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any

import absl.app
import absl.flags

from program.network_truth import COLLECTIONS

# What a program makes and asks for, as it is stored: see `note_variable` and `note_restore`.
Truth = dict[str, Any]

_FLAGS = frozenset(absl.flags.FLAGS)
_variables: list[Any] = []
_graphs: list[Any] = []
_restores: list[dict[str, str]] = []


def build(program: Path, keras: int) -> Truth:
    """Run one program as `__main__`, and give the variables and restores in order."""
    _variables.clear()
    _graphs.clear()
    _restores.clear()
    before = set(sys.modules)
    sys.path.insert(0, str(program.parent))
    arguments, sys.argv = sys.argv, [str(program)]
    absl.flags.FLAGS.unparse_flags()
    for name in list(absl.flags.FLAGS):
        if name not in _FLAGS:
            delattr(absl.flags.FLAGS, name)
    try:
        if keras == 2:
            _run_before(program)
        else:
            import keras as library

            library.backend.clear_session()
            runpy.run_path(str(program), run_name="__main__")
        return {"keras": keras, "variables": _listed(keras), "restores": list(_restores)}
    finally:
        sys.path.remove(str(program.parent))
        sys.argv = arguments
        for name in set(sys.modules) - before:
            path = getattr(sys.modules[name], "__file__", None)
            if path and Path(path).is_relative_to(program.parent):
                del sys.modules[name]


def _run_before(program: Path) -> None:
    import tf_keras

    is_eager = "tf_keras" in program.read_text()
    v1 = sys.modules["tensorflow.compat.v1"]
    tf_keras.backend.clear_session()
    if is_eager:
        runpy.run_path(str(program), run_name="__main__")
    else:
        v1.disable_v2_behavior()
        v1.reset_default_graph()
        real = sys.modules["tensorflow"]
        sys.modules["tensorflow"] = v1
        try:
            runpy.run_path(str(program), run_name="__main__")
        finally:
            sys.modules["tensorflow"] = real


def _listed(keras: int) -> list[Any]:
    """Name, shape, dtype, whether it is trainable, and the collections of each."""
    found = []
    for each in _variables:
        if keras == 3:
            if each.path.endswith("seed_generator_state"):
                continue  # no weight: what dropout draws with
            found.append(
                [each.path, list(each.shape), each.dtype, bool(each.trainable), []],
            )
            continue
        name = each.name.removesuffix(":0")
        if _is_eager(each) and name == "Variable" and each.dtype.name == "int64":
            continue  # no weight: the steps that a Keras model counts
        shape = each.shape.as_list() if each.shape.rank is not None else None
        collections: list[str] = []
        if hasattr(each, "graph") and not _is_eager(each):
            graph = each.graph
            collections = sorted(
                key
                for key in graph.get_all_collection_keys()
                if isinstance(key, str)
                and key in COLLECTIONS
                and any(other is each for other in graph.get_collection(key))
            )
        is_trainable = bool(each.trainable)
        if collections:
            is_trainable = "trainable_variables" in collections
        found.append([name, shape, each.dtype.base_dtype.name, is_trainable, collections])
    return found


def _is_eager(variable: Any) -> bool:
    return bool(getattr(variable, "_in_graph_mode", True) is False)


def prepare_before() -> None:
    """TensorFlow 1 as far as programs need it, and hooks that note."""
    import tensorflow as tf
    import tf_keras
    import tf_keras.src.legacy_tf_layers as legacy
    from tensorflow.python.framework import ops
    from tensorflow.python.ops import ref_variable, resource_variable_ops

    sys.modules["tf_keras.legacy_tf_layers"] = legacy
    for name in ("base", "convolutional", "core", "normalization", "pooling"):
        full = f"tf_keras.src.legacy_tf_layers.{name}"
        sys.modules[f"tf_keras.legacy_tf_layers.{name}"] = importlib.import_module(full)
    if not hasattr(ops, "Tensor"):
        ops.Tensor = tf.Tensor  # type: ignore[attr-defined]
    import tf_slim

    v1 = tf.compat.v1
    sys.modules["tensorflow.compat.v1"] = v1
    v1.compat.v1 = v1
    v1.__version__ = "1.15.5"

    def note_after(kind: Any) -> None:
        made = kind.__init__

        def initialize(self: Any, *args: Any, **keywords: Any) -> None:
            made(self, *args, **keywords)
            if type(self) is kind:
                _variables.append(self)

        kind.__init__ = initialize

    note_after(ref_variable.RefVariable)
    note_after(resource_variable_ops.ResourceVariable)

    def restore(self: Any, session: Any, path: Any) -> None:
        _restores.append(_requested(self))

    v1.train.Saver.restore = restore
    v1.train.latest_checkpoint = lambda folder, *args: f"{folder}/model.ckpt-1"
    v1.train.Saver.save = lambda self, *args, **keywords: None

    class Session:
        """A session in which nothing runs."""

        def __init__(self, *args: Any, graph: Any = None, **keywords: Any) -> None:
            self.graph = graph or v1.get_default_graph()

        def __enter__(self) -> Session:
            self._context = self.graph.as_default()
            self._context.__enter__()
            return self

        def __exit__(self, *error: Any) -> None:
            self._context.__exit__(*error)

        def as_default(self) -> Session:
            return self

        def run(self, *args: Any, **keywords: Any) -> None:
            return None

        def close(self) -> None:
            return None

    v1.Session = Session
    v1.InteractiveSession = Session

    def run_app(main: Any = None, argv: Any = None) -> None:
        absl.flags.FLAGS(["program"])
        (main or sys.modules["__main__"].main)(["program"])

    v1.app = types.SimpleNamespace(run=run_app, flags=absl.flags)
    v1.flags = absl.flags
    v1.contrib = _contrib(v1, tf_slim)
    v1.estimator = _estimator(v1)
    v1.keras = tf_keras
    tf_keras.Model.load_weights = lambda self, *args, **keywords: _restores.append(
        {name: name for name in (each.name.removesuffix(":0") for each in self.weights)}
    )
    for name, module in (("contrib", v1.contrib), *vars(v1.contrib).items()):
        if isinstance(module, types.ModuleType) or name == "contrib":
            full = "tensorflow.contrib" if name == "contrib" else f"tensorflow.contrib.{name}"
            sys.modules[full] = module


def _requested(saver: Any) -> dict[str, str]:
    """The key in the checkpoint of each variable that a saver asks for."""
    from tensorflow.python.training.saving import saveable_object_util

    if not saver.saver_def and saver._var_list is None:
        from tensorflow.python.ops import variables

        wanted = variables._all_saveable_objects()
    else:
        wanted = saver._var_list
    if not isinstance(wanted, dict):
        wanted = saveable_object_util.op_list_to_dict(wanted)
    found = {}
    for key, each in sorted(wanted.items()):
        name = each.name if hasattr(each, "name") else each[0].name
        found[key] = name.removesuffix(":0")
    return found


def _contrib(v1: Any, slim: Any) -> Any:
    """`tf.contrib` from tf_slim and the cells of Keras 2."""
    contrib = types.ModuleType("tensorflow.contrib")

    def add(name: str, **members: Any) -> types.ModuleType:
        module = types.ModuleType(f"tensorflow.contrib.{name}")
        for key, value in members.items():
            setattr(module, key, value)
        setattr(contrib, name, module)
        return module

    contrib.slim = slim  # type: ignore[attr-defined]
    layers = add("layers", **{k: v for k, v in vars(slim.layers).items() if k[0] != "_"})
    for name in ("l1_regularizer", "l2_regularizer", "batch_norm", "layer_norm"):
        if not hasattr(layers, name):
            setattr(layers, name, getattr(slim, name))
    layers.xavier_initializer = lambda *a, **k: v1.glorot_uniform_initializer()  # type: ignore[attr-defined]
    layers.xavier_initializer_conv2d = layers.xavier_initializer  # type: ignore[attr-defined]
    layers.variance_scaling_initializer = (  # type: ignore[attr-defined]
        lambda *a, **k: v1.variance_scaling_initializer()
    )
    add(
        "framework",
        arg_scope=slim.arg_scope,
        add_arg_scope=slim.add_arg_scope,
        get_variables=slim.get_variables,
        get_trainable_variables=slim.get_trainable_variables,
        get_variables_to_restore=slim.get_variables_to_restore,
        get_model_variables=slim.get_model_variables,
        model_variable=slim.model_variable,
        variable=slim.variable,
        list_variables=v1.train.list_variables,
        get_or_create_global_step=v1.train.get_or_create_global_step,
    )
    cells = v1.nn.rnn_cell
    add(
        "rnn",
        **{name: getattr(cells, name) for name in dir(cells) if name[0] != "_"},
        static_rnn=v1.nn.static_rnn,
        stack_bidirectional_dynamic_rnn=None,
    )

    class HParams:
        def __init__(self, **values: Any) -> None:
            self._values = OrderedDict(values)
            self.__dict__.update(values)

        def values(self) -> dict[str, Any]:
            return {name: getattr(self, name) for name in self._values}

        def override_from_dict(self, values: dict[str, Any]) -> None:
            self.__dict__.update(values)

    add("training", HParams=HParams)
    return contrib


def _estimator(v1: Any) -> Any:
    """As much of `tf.estimator`, which is gone, as builds the graph of a training."""
    module = types.ModuleType("tensorflow.estimator")

    class ModeKeys:
        TRAIN = "train"
        EVAL = "eval"
        PREDICT = "infer"

    class EstimatorSpec:
        def __init__(self, mode: str, **keywords: Any) -> None:
            self.mode = mode

    class RunConfig:
        def __init__(self, **keywords: Any) -> None:
            self.__dict__.update(keywords)

    class Estimator:
        def __init__(
            self,
            model_fn: Any,
            model_dir: Any = None,
            config: Any = None,
            params: Any = None,
            warm_start_from: Any = None,
        ) -> None:
            self.model_fn, self.params = model_fn, params or {}

        def train(self, input_fn: Any, **keywords: Any) -> None:
            import inspect

            with v1.Graph().as_default():
                v1.train.create_global_step()
                features, labels = input_fn()
                given = {
                    "labels": labels,
                    "mode": ModeKeys.TRAIN,
                    "params": self.params,
                    "config": None,
                }
                wanted = inspect.signature(self.model_fn).parameters
                self.model_fn(features, **{k: v for k, v in given.items() if k in wanted})

    module.ModeKeys = ModeKeys  # type: ignore[attr-defined]
    module.EstimatorSpec = EstimatorSpec  # type: ignore[attr-defined]
    module.RunConfig = RunConfig  # type: ignore[attr-defined]
    module.Estimator = Estimator  # type: ignore[attr-defined]
    return module


def prepare_now() -> None:
    """Keras 3, and a hook that notes its variables."""
    import keras
    from keras.src.backend.common.variables import Variable

    made = Variable.__init__

    def initialize(self: Any, *args: Any, **keywords: Any) -> None:
        made(self, *args, **keywords)
        _variables.append(self)

    Variable.__init__ = initialize
    keras.Model.load_weights = lambda self, *args, **keywords: _restores.append(
        {each.path: each.path for each in self.weights}
    )


def main() -> None:
    keras = int(sys.argv[1])
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["TF_USE_LEGACY_KERAS"] = str(int(keras == 2))
    if keras == 2:
        prepare_before()
    else:
        prepare_now()
    found: dict[str, Any] = {}
    # What is not eager ends eager execution for the rest of the process.
    for path in sorted(sys.argv[2:], key=lambda each: "tf_keras" not in Path(each).read_text()):
        try:
            found[path] = build(Path(path), keras)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the program is named, and the test fails
            import traceback

            found[path] = {
                "error": f"{type(error).__name__}: {error}",
                "at": traceback.format_exc().splitlines()[-12:],
            }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
