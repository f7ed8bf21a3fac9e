"""The traced side of `ckptls trace`: runs a program and records the variables that it makes.

This file is run by the interpreter of the user's program, which need not have ckptls: it imports
nothing but the standard library and keeps to the syntax of Python 3.7. It never imports
TensorFlow before the program does, for the program may set environment variables first: a hook
of the import system changes a few classes as soon as their modules are loaded.

Its first argument is a request as JSON (`Request` in `trace_request`). It appends one JSON object a
line to the request's `events`: `start`, `variable` when one is made, `restore`, `note`, and at the
end `details` with what is known of each variable by then, and `end`.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import importlib.util
import json
import os
import re
import runpy
import shutil
import signal
import sys
import tempfile
import threading
import time
from typing import Any, Callable

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
DTYPES = (
    "float16|float32|float64|bfloat16|int8|int16|int32|int64|uint8|uint16|uint32|uint64|bool|"
    "string|complex64|complex128"
)
_PLACEHOLDER = re.compile(rf"(?<![\w.'\"])({DTYPES})\[([^\[\]]*)\]")
_REFERENCE = re.compile(r"([\w./\\-]+\.py|[A-Za-z_][\w.]*):(?!=)(.+)", re.DOTALL)
_NAMED = re.compile(r"([A-Za-z_]\w*)=(?!=)(.*)", re.DOTALL)
_PACKAGES = ("site-packages", "dist-packages")
_MAX_FRAMES = 30
_MAX_OPERATIONS = 300_000
_HERE = os.path.realpath(__file__)
_LIBRARY = os.path.dirname(os.path.realpath(os.__file__))
# Session.run of these is work on data, not preparation.
_HEAVY_PARTS = ("Dequeue", "MaxPool", "Softmax")
_HEAVY_STARTS = tuple(
    "Apply ResourceApply SparseApply ResourceSparseApply IteratorGetNext ReaderRead Conv1D Conv2D "
    "Conv3D DepthwiseConv AvgPool FusedBatchNorm Print".split()
)
# What may be run with a placeholder: it puts a value into a variable.
_ASSIGNING = frozenset(
    "Placeholder PlaceholderV2 PlaceholderWithDefault Assign AssignAdd AssignVariableOp Variable "
    "VariableV2 VarHandleOp Identity NoOp Const ReadVariableOp Cast Reshape".split()
)


class StopTrace(BaseException):
    """The program has come as far as it may; no `except Exception` of it may stop this."""


class RefusedError(Exception):
    """The request cannot be carried out; the message says why."""


class Recorder:
    """What has been seen so far. One per process; children of the program record nothing."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.descriptor = os.open(request["events"], os.O_WRONLY | os.O_APPEND)
        self.process = os.getpid()
        self.roots = [os.path.realpath(each) for each in request["roots"]]
        self.variables: list[Any] = []
        self.records: list[dict[str, Any]] = []
        self.indices: dict[int, int] = {}
        self.files: dict[str, str | None] = {}
        self.stopped: dict[str, Any] | None = None
        self.has_skipped_restore = False
        self.is_finished = False
        self.lock = threading.RLock()
        self.result: Any = None

    def emit(self, event: str, **fields: Any) -> None:
        """Append one event; a line is written in one piece, so that none is ever half there."""
        if os.getpid() != self.process:
            return
        line = (json.dumps(dict(fields, event=event)) + "\n").encode()
        while line:
            line = line[os.write(self.descriptor, line) :]

    def note(self, text: str) -> None:
        """Report why something may be missing."""
        self.emit("note", text=text)

    def remark(self, text: str) -> None:
        """Report what was done otherwise than the program says, and changes no variable."""
        self.emit("remark", text=text)

    # ------------------------------------------------------------------ frames

    def shown_path(self, name: str) -> str | None:
        """The real path of a file if it is the user's, else None."""
        if name not in self.files:
            path = os.path.realpath(name) if not name.startswith("<") else name
            self.files[name] = path if self._is_users(path) else None
        return self.files[name]

    def _is_users(self, path: str) -> bool:
        if path == _HERE or not os.path.isfile(path):
            return False
        for root in self.roots:
            if path == root or path.startswith(root.rstrip(os.sep) + os.sep):
                inside = path[len(root) :].split(os.sep)
                if not any(each in inside for each in _PACKAGES):
                    return not path.startswith(_LIBRARY + os.sep) or root.startswith(_LIBRARY)
        return False

    def user_frames(self) -> list[list[Any]]:
        """File, line and function of each frame of the user's code, outermost first."""
        found: list[list[Any]] = []
        frame: Any = sys._getframe(1)
        while frame is not None and len(found) < _MAX_FRAMES:
            path = self.shown_path(frame.f_code.co_filename)
            if path is not None:
                found.append([path, frame.f_lineno, frame.f_code.co_name])
            frame = frame.f_back
        return found[::-1]

    # --------------------------------------------------------------- variables

    def add(self, variable: Any) -> None:
        """Record a variable that was just made."""
        with self.lock:
            if id(variable) in self.indices or os.getpid() != self.process:
                return
            index = len(self.variables)
            self.indices[id(variable)] = index
            self.variables.append(variable)  # kept alive, so that its id stays its own
            record = {"index": index, "frames": self.user_frames(), **self._circumstances()}
            if "purpose" in record:
                record.pop("internal", None)
            if is_keras_variable(variable):
                record["wraps"] = self.indices.get(id(getattr(variable, "_value", None)))
            record.update(describe_variable(variable))
            self.records.append(record)
            self.emit("variable", **record)

    def _circumstances(self) -> dict[str, Any]:
        """Why a variable is made, from the library's frames: a slot, an average, Keras itself."""
        found: dict[str, Any] = {}
        frame: Any = sys._getframe(2)
        below = None
        while frame is not None:
            name, function = frame.f_globals.get("__name__") or "", frame.f_code.co_name
            if self.shown_path(frame.f_code.co_filename) is not None:
                if below and "maker" not in found:
                    found["maker"] = below
            elif not (name == __name__ or name.endswith(".arg_scope") or "traceback_utils" in name):
                below = f"{name}.{function}"
            self._add_purpose(found, frame, name, function)
            frame = frame.f_back
        return found

    def _add_purpose(self, found: dict[str, Any], frame: Any, name: str, function: str) -> None:
        module = name.rpartition(".")[2]
        variables = frame.f_locals if module in _TELLING_MODULES else {}
        if module == "slot_creator":
            found["purpose"] = "slot"
            if "primary" in variables:
                found["of"] = self.index_of(variables["primary"])
        elif module == "moving_averages" and "_apply" not in function:
            if found.get("purpose") == "slot" or function == "apply":
                found["purpose"] = "average"
        elif "optimizer" in name and module != "optimization":
            for key in ("reference_variable", "model_variable", "var"):
                if function in ("add_slot", "add_variable_from_reference") and key in variables:
                    found["of"] = self.index_of(variables[key])
                    found["purpose"] = "slot"
            makers = (
                "iterations",
                "_track_variable",
                "add_variable",
                "_create_hypers",
                "add_weight",
            )
            if function in makers and "of" not in found:
                found.setdefault("internal", "optimizer")
            if function == "_create_non_slot_variable":
                found["purpose"] = "slot"
            if ("keras" in name) and function == "__init__":
                found.setdefault("internal", "optimizer")
        elif "keras" in name and ".metrics" in name:
            found["internal"] = "metric"
        elif (
            "keras" in name
            and module in ("seed_generator", "backend")
            and (module == "seed_generator" or function in ("make_random_seed", "init_rng"))
        ):
            found["internal"] = "random seed"
        elif module == "stateful_random_ops":
            found["internal"] = "random seed"
        elif function in ("_init_batch_counters", "_configure_steps_per_execution"):
            found["internal"] = "counter"
        elif function == "_maybe_create_save_counter":
            found["internal"] = "save counter"
        elif function in ("create_global_step", "get_or_create_global_step"):
            found["purpose"] = "step"

    def index_of(self, variable: Any) -> int | None:
        """The index of a variable, or of the one that a wrapper of it holds."""
        for each in (variable, getattr(variable, "_value", None)):
            if each is not None and id(each) in self.indices:
                return self.indices[id(each)]
        return None

    # -------------------------------------------------------------- the end

    def stop(self, before: str) -> None:
        """Write what is known and leave the program, which was about to do `before`."""
        if os.getpid() != self.process:
            return
        if self.stopped is None:
            frames = self.user_frames()
            self.stopped = {"before": before, "frames": frames}
            self.finish("stopped", **self.stopped)
        raise StopTrace(before)

    def finish(self, reason: str, **fields: Any) -> None:
        """Write the final details of all variables, and why it is over."""
        if self.is_finished or os.getpid() != self.process:
            return
        self.is_finished = True
        try:
            self.emit("details", variables=self._details(), roots=self._result_keys())
        except Exception as error:
            self.note(f"the details of the variables could not be read: {error!r}")
        self.emit("files", files=self._sources())
        self.emit("end", reason=reason, versions=library_versions(), **fields)

    def _details(self) -> list[dict[str, Any]]:
        graphs: dict[int, int] = {}
        joined: dict[int, set[str]] = {}
        for variable in self.variables:
            graph = graph_of(variable)
            if graph is not None and id(graph) not in graphs:
                graphs[id(graph)] = len(graphs)
                for name in graph.get_all_collection_keys():
                    for each in graph.get_collection(name):
                        if id(each) in self.indices:
                            joined.setdefault(id(each), set()).add(str(name))
        result = []
        for record, variable in zip(self.records, self.variables):
            found = {"index": record["index"]}
            if is_keras_variable(variable):
                found["wraps"] = self.indices.get(id(getattr(variable, "_value", None)))
            try:
                found.update(describe_variable(variable))
            except Exception as error:
                found["problem"] = repr(error)
            graph = graph_of(variable)
            found["graph"] = graphs.get(id(graph)) if graph is not None else None
            found["collections"] = sorted(joined.get(id(variable), ()))
            result.append(found)
        return result

    def _result_keys(self) -> dict[str, list[list[Any]]]:
        """The object graph of what the function returned, where it has one."""
        keys = object_keys(self.result, self) if is_trackable(self.result) else []
        return {"": keys} if keys else {}

    def _sources(self) -> list[list[str]]:
        """Path and checksum of each file of the user's code that was loaded."""
        for module in list(sys.modules.values()):
            name = getattr(module, "__file__", None)
            if isinstance(name, str) and name.endswith(".py"):
                self.shown_path(name)
        found = []
        for path in sorted({each for each in self.files.values() if each}):
            try:
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    data = b"".join(iter(functools.partial(os.read, descriptor, 1 << 20), b""))
                finally:
                    os.close(descriptor)
            except OSError:
                continue
            found.append([path, hashlib.sha256(data).hexdigest()])
        return found


def library_versions() -> dict[str, str]:
    """The versions of the libraries that the program has loaded."""
    found = {}
    for name in ("tensorflow", "keras", "tf_keras", "tf_slim"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            found[name] = version
    return found


_OWN_OF_OPTIMIZERS = frozenset(
    ("iterations", "_track_variable", "add_variable", "_create_hypers", "add_weight")
)
_TELLING_MODULES = frozenset(
    ("slot_creator", "optimizer", "optimizer_v2", "base_optimizer", "moving_averages")
)


# ---------------------------------------------------------------- variables of TensorFlow


def is_keras_variable(variable: Any) -> bool:
    """Whether it is a variable of Keras 3, which holds one of the backend."""
    return type(variable).__module__.startswith("keras.") and hasattr(variable, "path")


def graph_of(variable: Any) -> Any:
    """The graph that a variable is in; None for one of eager mode, or of a `tf.function`."""
    if is_keras_variable(variable):
        return None
    if getattr(variable, "_in_graph_mode", True) is False:
        return None
    graph = getattr(variable, "graph", None) or getattr(variable, "_graph", None)
    if graph is None or type(graph).__name__ == "FuncGraph":
        return None
    return graph


def describe_variable(variable: Any) -> dict[str, Any]:
    """Name without `:0`, shape, dtype and flags."""
    if is_keras_variable(variable):
        shape = [int(each) for each in variable.shape] if variable.shape is not None else None
        return {
            "name": variable.path,
            "shape": shape,
            "dtype": str(variable.dtype),
            "trainable": bool(variable.trainable),
        }
    name = variable.name
    found = {
        "name": name[: -len(":0")] if name.endswith(":0") else name,
        "shape": shape_list(variable.shape),
        "dtype": variable.dtype.base_dtype.name,
        "trainable": bool(getattr(variable, "trainable", True)),
    }
    part = getattr(variable, "_save_slice_info", None)
    if part is not None:
        found["part"] = {
            "of": part.full_name,
            "shape": [int(each) for each in part.full_shape],
            "offsets": [int(each) for each in part.var_offset],
        }
    return found


def shape_list(shape: Any) -> list[int | None] | None:
    """A `TensorShape` as a list; None where not even its rank is known."""
    if shape is None or getattr(shape, "ndims", None) is None:
        return None
    return [None if each is None else int(each) for each in shape.as_list()]


# ------------------------------------------------------------------- object graphs


def is_trackable(value: Any) -> bool:
    return hasattr(value, "_trackable_children") or hasattr(value, "_checkpoint_dependencies")


def children_of(value: Any) -> list[tuple[str, Any]]:
    """The objects that a checkpoint follows from an object, with the names of the edges.

    Source: `Trackable._trackable_children`, `_checkpoint_dependencies` before TensorFlow 2.9.
    """
    try:
        if hasattr(value, "_trackable_children"):
            return list(value._trackable_children().items())
        return [(each.name, each.ref) for each in value._checkpoint_dependencies]
    except Exception:
        return []


def object_keys(root: Any, recorder: Recorder) -> list[list[Any]]:
    """Pairs of key and index of a variable, for the variables under `root`, breadth first.

    Source: `ObjectGraphView.breadth_first_traversal` and `trackable_utils.escape_local_name`;
    slot variables have keys of their own form there.
    """
    paths: dict[int, str] = {id(root): ""}
    pending, keep, keys, optimizers = [root], [root], [], []
    while pending:
        owner = pending.pop(0)
        index = recorder.indices.get(id(owner))
        if index is not None:
            keys.append([paths[id(owner)] + SUFFIX, index])
        if hasattr(owner, "get_slot_names"):
            optimizers.append(owner)
        for name, child in children_of(owner):
            if child is None or id(child) in paths:
                continue
            escaped = name.replace(".", "..").replace("/", ".S")
            paths[id(child)] = f"{paths[id(owner)]}/{escaped}".lstrip("/")
            keep.append(child)
            pending.append(child)
    for optimizer in optimizers:
        keys += _slot_keys(optimizer, keep, paths, recorder)
    return keys


def _slot_keys(
    optimizer: Any, owners: list[Any], paths: dict[int, str], recorder: Recorder
) -> list[list[Any]]:
    keys = []
    for name in optimizer.get_slot_names():
        for owner in owners:
            if id(owner) not in recorder.indices:
                continue
            try:
                slot = optimizer.get_slot(owner, name)
            except Exception:
                continue
            index = recorder.index_of(slot)
            if index is not None:
                key = f"{paths[id(owner)]}/.OPTIMIZER_SLOT/{paths[id(optimizer)]}/{name}{SUFFIX}"
                keys.append([key, index])
    return keys


# -------------------------------------------------------------------------- hooks


def wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replace a function of a class or module by `make(function)`, once; leave it where it is."""
    function = vars(owner).get(name)
    if function is None or getattr(function, "_is_traced", False) or not callable(function):
        return
    wrapper: Any = functools.wraps(function)(make(function))
    wrapper._is_traced = True
    setattr(owner, name, wrapper)


class Hooks:
    """What is changed in which module, when that has been loaded."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.kept: set[str] = set()  # directories that the program wanted to delete
        self.table: list[tuple[str, Callable[[Any], None]]] = [
            (r"tensorflow\.python\.ops\.(variables|ref_variable)", self._ref_variables),
            (r"tensorflow\.python\.ops\.resource_variable_ops", self._resource_variables),
            (r"keras\.src\.backend\.common\.variables", self._keras_variables),
            (r"tensorflow\.python\.client\.session", self._sessions),
            (r"tensorflow\.python\.training\.saver", self._savers),
            (r"tensorflow\.python\.training\.checkpoint_utils", self._initial_values),
            (r"(tf_slim\.ops|tensorflow\.contrib\.framework\.python\.ops)\.variables", self._slim),
            (r"tensorflow\.python\.training\.monitored_session", self._monitored_sessions),
            (r"tensorflow\.python\.training\.supervisor", self._supervisors),
            (
                r"tensorflow\.python\.(training\.tracking\.util|checkpoint\.checkpoint)",
                self._objects,
            ),
            (r"tensorflow\.python\.(training|checkpoint)\.checkpoint_management", self._managers),
            (r"tensorflow\.python\.saved_model\.(save|builder_impl)", self._saved_models),
            (
                r"(tensorflow\.python\.)?(tf_)?keras(\.src)?\.engine\.(training|network)",
                self._models,
            ),
            (r"(tf_)?keras\.src\.saving\.(saving_api|legacy\.save)", self._keras_saving),
            (r"tensorflow\.python\.lib\.io\.file_io", self._deletions),
            (r"keras\.src\.(models\.model|backend\.\w+\.trainer|trainers\.trainer)", self._models),
            (
                r"tensorflow\.python\.training\.optimizer|.*keras.*\.optimizer_v2|"
                r"(tf_)?keras.*\.optimizers?(_experimental)?\.(base_)?optimizer",
                self._optimizers,
            ),
        ]

    def after_load(self, name: str) -> Callable[[Any], None] | None:
        name = name.replace("tensorflow_core.", "tensorflow.", 1)
        return next((hook for key, hook in self.table if re.fullmatch(key, name)), None)

    def _record_init(self, kind: Any) -> None:
        recorder = self.recorder

        def make(function: Any) -> Any:
            def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
                function(self, *args, **kwargs)
                try:
                    recorder.add(self)
                except Exception as error:
                    recorder.note(f"a variable could not be recorded: {error!r}")

            return __init__

        wrap(kind, "__init__", make)

    def _record_all(self, module: Any, *names: str) -> None:
        for name in names:
            if isinstance(getattr(module, name, None), type):
                self._record_init(getattr(module, name))

    def _ref_variables(self, module: Any) -> None:
        self._record_all(module, "RefVariable")

    def _resource_variables(self, module: Any) -> None:
        self._record_all(module, "ResourceVariable", "UninitializedVariable")

    def _keras_variables(self, module: Any) -> None:
        self._record_all(module, "Variable", "KerasVariable")

    def _stop_at(self, owner: Any, what: str, *names: str) -> None:
        for name in names:
            wrap(owner, name, functools.partial(self._make_stop, f"{what}.{name}"))

    def _make_stop(self, what: str, function: Any) -> Any:
        def stop(*args: Any, **kwargs: Any) -> None:
            self.recorder.stop(what)

        return stop

    def _skip(self, owner: Any, name: str, act: Callable[..., Any]) -> None:
        """Do `act(*args, **kwargs)` in place of a function."""
        wrap(owner, name, lambda function: lambda *args, **kwargs: act(*args, **kwargs))

    def _restore(self, function: str, kind: str, path: Any, asks: Any, **fields: Any) -> None:
        """Record a restore in place of doing it."""
        recorder = self.recorder
        recorder.has_skipped_restore = True
        if not isinstance(path, (str, bytes, type(None))) and not hasattr(path, "__fspath__"):
            path = str(path)
        shown = os.fsdecode(path) if path is not None else None
        frames = recorder.user_frames()
        recorder.emit(
            "restore",
            function=function,
            kind=kind,
            path=shown,
            frames=frames,
            asks=asks,
            made=len(recorder.variables),
            **fields,
        )

    # Graphs

    def _sessions(self, module: Any) -> None:
        recorder = self.recorder

        def make(function: Any) -> Any:
            def run(self: Any, fetches: Any, feed_dict: Any = None, *args: Any, **more: Any) -> Any:
                is_ours = threading.current_thread() is threading.main_thread()
                if is_ours and not is_preparation(self, fetches):
                    recorder.stop("Session.run")
                try:
                    return function(self, fetches, feed_dict, *args, **more)
                except Exception as error:
                    is_bare = type(error).__name__ == "FailedPreconditionError"
                    if is_ours and is_bare and recorder.has_skipped_restore:
                        recorder.stop("Session.run of a restored variable")
                    raise

            return run

        wrap(module.BaseSession, "run", make)

    def _savers(self, module: Any) -> None:
        def restore(saver: Any, sess: Any, save_path: Any) -> None:
            # A saver that was made without variables looks for them now.
            if getattr(saver, "_is_empty", False):
                return
            self._restore("tensorflow.train.Saver.restore", "names", save_path, self._asked(saver))

        def save(
            saver: Any, sess: Any, save_path: Any, global_step: Any = None, **more: Any
        ) -> Any:
            step = global_step if isinstance(global_step, int) else None
            return save_path if step is None else f"{save_path}-{step}"

        self._skip(module.Saver, "restore", restore)
        self._skip(module.Saver, "save", save)

    def _asked(self, saver: Any) -> list[list[Any]]:
        """Pairs of key and index, as a saver was given them."""
        given = getattr(saver, "_var_list", None)
        if given is None:
            from_graph = sys.modules["tensorflow.python.ops.variables"]
            given = from_graph._all_saveable_objects()
        pairs = []
        items = given.items() if isinstance(given, dict) else ((None, each) for each in given)
        for key, value in items:
            parts = value if isinstance(value, (list, tuple)) else None
            if hasattr(value, "_get_variable_list"):  # a `PartitionedVariable`
                parts = value._get_variable_list()
            for each in [value] if parts is None else parts:
                index = self.recorder.index_of(each)
                if index is not None:
                    part = getattr(each, "_save_slice_info", None)
                    own = part.full_name if part is not None else describe_variable(each)["name"]
                    pairs.append([own if key is None else str(key), index])
        return pairs

    def _initial_values(self, module: Any) -> None:
        def init(ckpt_dir_or_file: Any, assignment_map: Any) -> None:
            items = assignment_map.items() if hasattr(assignment_map, "items") else assignment_map
            asks: list[list[Any]] = []
            for key, value in items:
                asks += self._assigned(str(key), value)
            name = "tensorflow.train.init_from_checkpoint"
            self._restore(name, "names", ckpt_dir_or_file, asks)

        self._skip(module, "init_from_checkpoint", init)

    def _assigned(self, key: str, value: Any) -> list[list[Any]]:
        """What a pair of an assignment map asks for; scopes end in a slash."""
        if not isinstance(value, str):
            values = value if isinstance(value, (list, tuple)) else [value]
            if hasattr(value, "_get_variable_list"):
                values = value._get_variable_list()
            indices = [self.recorder.index_of(each) for each in values]
            return [[key, index] for index in indices if index is not None]
        known = [describe_variable(each)["name"] for each in self.recorder.variables]
        if not key.endswith("/"):
            return [[key, index] for index, name in enumerate(known) if name == value]
        start, scope = key.lstrip("/"), value if value == "/" else value.rstrip("/") + "/"
        inside = [
            (index, name if scope == "/" else name[len(scope) :])
            for index, name in enumerate(known)
            if scope == "/" or name.startswith(scope)
        ]
        return [[start + rest, index] for index, rest in inside]

    def _slim(self, module: Any) -> None:
        def assign_fn(
            model_path: Any,
            var_list: Any,
            ignore_missing_vars: bool = False,
            reshape_variables: bool = False,
        ) -> Any:
            items = var_list.items() if isinstance(var_list, dict) else None
            pairs = items or [(describe_variable(each)["name"], each) for each in var_list]
            asks = [pair for key, value in pairs for pair in self._assigned(str(key), value)]

            def callback(session: Any) -> None:
                self._restore(
                    "tf_slim.assign_from_checkpoint_fn",
                    "names",
                    model_path,
                    asks,
                    on_missing="skips" if ignore_missing_vars else "raises",
                    on_shape="reshapes" if reshape_variables else "raises",
                )

            return callback

        self._skip(module, "assign_from_checkpoint_fn", assign_fn)

    def _monitored_sessions(self, module: Any) -> None:
        recorder = self.recorder

        def make(function: Any) -> Any:
            def __init__(own: Any, session_creator: Any, *args: Any, **kwargs: Any) -> None:
                scaffold = getattr(session_creator, "_scaffold", None)
                if scaffold is not None and recorder.stopped is None:
                    scaffold.finalize()
                    name = "tensorflow.train.MonitoredTrainingSession"
                    path = getattr(session_creator, "_checkpoint_filename_with_path", None)
                    directory = getattr(session_creator, "_checkpoint_dir", None)
                    self._restore_first(name, scaffold.saver, path, directory)
                    self._initialize(scaffold.init_fn)
                recorder.stop("MonitoredSession")

            return __init__

        wrap(module._MonitoredSession, "__init__", make)

    def _supervisors(self, module: Any) -> None:
        def prepare(supervisor: Any, *args: Any, **kwargs: Any) -> None:
            if self.recorder.stopped is None:
                directory = getattr(supervisor, "_logdir", None)
                name = "tensorflow.train.Supervisor"
                self._restore_first(name, getattr(supervisor, "saver", None), None, directory)
                self._initialize(getattr(supervisor, "_init_fn", None))
            self.recorder.stop("Supervisor.prepare_or_wait_for_session")

        self._skip(module.Supervisor, "prepare_or_wait_for_session", prepare)

    def _restore_first(self, function: str, saver: Any, path: Any, directory: Any) -> None:
        """The restore of what a directory has, which such sessions begin with."""
        if saver is None or getattr(saver, "_is_empty", False) or not (path or directory):
            return
        self._restore(function, "names", path or directory, self._asked(saver))

    def _initialize(self, init_fn: Any) -> None:
        """Call the user's `init_fn`, which mostly restores; what else it does needs a session."""
        if init_fn is None:
            return
        try:
            init_fn(None)
        except Exception as error:
            self.recorder.remark(f"`init_fn` was not followed: {error!r}")

    # Objects

    def _objects(self, module: Any) -> None:
        for name in ("Checkpoint", "CheckpointV1"):
            kind = getattr(module, name, None)
            if kind is None:
                continue
            for method in ("restore", "read"):
                self._skip(kind, method, functools.partial(self._restore_objects, method))
            self._skip(kind, "save", lambda root, file_prefix, *args, **more: file_prefix + "-1")
            self._skip(kind, "write", lambda root, file_prefix, *args, **more: file_prefix)

    def _restore_objects(
        self, method: str, root: Any, save_path: Any, *args: Any, **more: Any
    ) -> Any:
        if method == "restore" and hasattr(root, "_maybe_create_save_counter"):
            root._maybe_create_save_counter()
        keys = object_keys(root, self.recorder)
        names = [name for name, _ in children_of(root)]
        function = f"tensorflow.train.Checkpoint.{method}"
        self._restore(function, "objects", save_path, keys, root_keys=names)
        return Status(self.recorder)

    def _managers(self, module: Any) -> None:
        for name in ("update_checkpoint_state", "update_checkpoint_state_internal"):
            self._skip(module, name, lambda *args, **more: None)
        if hasattr(module, "CheckpointManager"):
            self._skip(module.CheckpointManager, "save", lambda *args, **more: None)

    def _saved_models(self, module: Any) -> None:
        if module.__name__.endswith(".save"):
            for name in ("save", "save_and_return_nodes"):
                self._skip(module, name, lambda *args, **more: None)
        for name in ("_SavedModelBuilder", "SavedModelBuilder"):
            if hasattr(module, name):
                self._skip(getattr(module, name), "save", lambda *args, **more: b"")

    # Directories

    def _deletions(self, module: Any) -> None:
        """Scripts like to delete the directory of the run before, which holds checkpoints."""
        for name in ("delete_recursively", "delete_recursively_v2"):
            wrap(module, name, self._make_delete)

    def guard_directories(self) -> None:
        """Keep directories from being deleted, and let them be made again."""
        wrap(shutil, "rmtree", self._make_delete)
        for name in ("mkdir", "makedirs"):
            wrap(os, name, self._make_directory)

    def _make_delete(self, function: Any) -> Any:
        def delete(path: Any, *args: Any, **kwargs: Any) -> Any:
            place = os.path.realpath(os.fsdecode(path)) if not isinstance(path, int) else ""
            temporary = os.path.realpath(tempfile.gettempdir()) + os.sep
            if place.startswith(temporary) and not self._holds_program(place):
                return function(path, *args, **kwargs)
            if os.path.isdir(place) and place not in self.kept:
                self.kept.add(place)
                self.recorder.remark(f"the directory `{os.fsdecode(path)}` was not deleted")
            return None

        return delete

    def _holds_program(self, place: str) -> bool:
        """The whole project may lie in the folder of temporary files."""
        return any(each == place or place.startswith(each + os.sep) for each in self.recorder.roots)

    def _make_directory(self, function: Any) -> Any:
        def make(path: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return function(path, *args, **kwargs)
            except FileExistsError:
                if os.path.realpath(os.fsdecode(path)) not in self.kept:
                    raise
                return None

        return make

    # Keras

    def _keras_saving(self, module: Any) -> None:
        for name in ("save_model", "save_weights"):
            self._skip(module, name, lambda *args, **more: None)

    def _models(self, module: Any) -> None:
        for name in ("Model", "Network", "TensorFlowTrainer", "Trainer"):
            kind = vars(module).get(name)
            if not isinstance(kind, type):
                continue
            for method in ("fit", "evaluate", "predict", "fit_generator", "evaluate_generator"):
                wrap(kind, method, functools.partial(self._make_fit, method))
            for method in ("train_on_batch", "test_on_batch", "predict_on_batch"):
                wrap(kind, method, functools.partial(self._make_fit, method))
            self._skip(kind, "load_weights", self._load_weights)
            for method in ("save", "save_weights", "export"):
                self._skip(kind, method, lambda *args, **more: None)

    def _make_fit(self, method: str, function: Any) -> Any:
        recorder = self.recorder

        def stop(model: Any, x: Any = None, *args: Any, **kwargs: Any) -> None:
            if recorder.stopped is None:
                build_model(model, x, recorder, with_slots="fit" in method or "train" in method)
            recorder.stop(f"Model.{method}")

        return stop

    def _load_weights(self, model: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        layers = []
        for layer in model.layers:
            indices = [self.recorder.index_of(each) for each in layer.weights]
            if indices:
                layers.append([layer.name, indices])
        asks = object_keys(model, self.recorder)
        skips = bool(kwargs.get("skip_mismatch", False))
        by_name = bool(kwargs.get("by_name", args[0] if args else False))
        is_keras3 = type(model).__mro__[-2].__module__.startswith("keras.src") or any(
            each.__module__ == "keras.src.models.model" for each in type(model).__mro__
        )
        self._restore(
            "keras.Model.load_weights",
            "layers",
            filepath,
            asks,
            layers=layers,
            by_name=by_name,
            skip_mismatch=skips,
            library="keras" if is_keras3 else "tf_keras",
        )
        return Status(self.recorder)

    def _optimizers(self, module: Any) -> None:
        for name in ("Optimizer", "_BaseOptimizer", "BaseOptimizer", "OptimizerV2"):
            kind = vars(module).get(name)
            if isinstance(kind, type):
                for method in ("apply_gradients", "apply"):
                    wrap(kind, method, self._make_apply)

    def _make_apply(self, function: Any) -> Any:
        recorder = self.recorder

        def apply(optimizer: Any, grads: Any, *args: Any, **kwargs: Any) -> Any:
            if is_building_a_graph():
                return function(optimizer, grads, *args, **kwargs)
            if recorder.stopped is None:
                grads = list(grads)
                pairs = [each for each in grads if isinstance(each, tuple) and len(each) == 2]
                variables = [each[1] for each in pairs] or list(args[0] if args else ())
                build_optimizer(optimizer, variables, recorder)
            recorder.stop("Optimizer.apply_gradients")
            return None

        return apply


class Status:
    """In place of the status of a restore: all its assertions hold."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        asserts = {"assert_consumed": "consumed", "assert_existing_objects_matched": "existing"}
        asserts["expect_partial"] = "partial"
        if name in asserts:
            self._recorder.emit("asserts", asserts=asserts[name])
        return lambda *args, **kwargs: self


def is_building_a_graph() -> bool:
    """Whether the program is in a graph of TensorFlow 1, where training is only described."""
    context = sys.modules.get("tensorflow.python.eager.context")
    ops = sys.modules.get("tensorflow.python.framework.ops")
    if context is None or ops is None or context.executing_eagerly():
        return False
    return type(ops.get_default_graph()).__name__ != "FuncGraph"


def is_preparation(session: Any, fetches: Any) -> bool:
    """Whether a run only initializes, assigns or reads variables, as far as its graph shows."""
    pending: list[Any] = []
    try:
        for each in flatten(fetches):
            element = session.graph.as_graph_element(each)
            pending.append(getattr(element, "op", element))
    except Exception:
        return True  # what cannot be fetched raises its own error
    seen: set[int] = set()
    kinds: set[str] = set()
    while pending and len(seen) < _MAX_OPERATIONS:
        operation = pending.pop()
        if id(operation) in seen:
            continue
        seen.add(id(operation))
        kinds.add(operation.type)
        pending += [each.op for each in operation.inputs]
        pending += operation.control_inputs
    if any(is_heavy(each) for each in kinds):
        return False
    return not kinds & {"Placeholder", "PlaceholderV2"} or kinds <= _ASSIGNING


def is_heavy(kind):
    # type: (str) -> bool
    """Whether an operation of that kind is work on data."""
    if kind == "BiasAdd" or kind.startswith(_HEAVY_STARTS):
        return True
    return any(part in kind for part in _HEAVY_PARTS)


def flatten(fetches: Any) -> list[Any]:
    """The single fetches in lists, tuples and dicts of them."""
    if isinstance(fetches, dict):
        fetches = list(fetches.values())
    if isinstance(fetches, (list, tuple)):
        return [each for part in fetches for each in flatten(part)]
    return [fetches]


def build_model(model: Any, x: Any, recorder: Recorder, *, with_slots: bool) -> None:
    """Make the variables that a Keras model makes when it first sees data, then its slots."""
    try:
        if not model.built and x is not None:
            if hasattr(x, "element_spec") or hasattr(x, "__next__"):
                batch = next(iter(x))
            else:
                batch = x[:1] if hasattr(x, "shape") else x
            model(batch[0] if isinstance(batch, tuple) else batch)
        optimizer = getattr(model, "optimizer", None)
        if with_slots and optimizer is not None:
            build_optimizer(optimizer, model.trainable_variables, recorder)
    except Exception as error:
        recorder.note(f"the variables that training makes are not known: {error!r}")


def build_optimizer(optimizer: Any, variables: Any, recorder: Recorder) -> None:
    """Make the slots that an optimizer makes in its first step."""
    try:
        if hasattr(optimizer, "build"):
            if not getattr(optimizer, "built", False) and not getattr(optimizer, "_built", False):
                optimizer.build(list(variables))
        elif hasattr(optimizer, "_create_all_weights"):
            optimizer._create_all_weights(variables)
        elif hasattr(optimizer, "_create_slots"):
            if hasattr(optimizer, "iterations"):
                optimizer.iterations  # noqa: B018 - it is made when it is first read
            if hasattr(optimizer, "_create_hypers"):
                optimizer._create_hypers()
            optimizer._create_slots(variables)
    except Exception as error:
        recorder.note(f"the slots of the optimizer are not known: {error!r}")


class HookFinder:
    """Finds modules as all others do, and has the hook of a module run when it is loaded."""

    def __init__(self, hooks: Hooks) -> None:
        self.hooks = hooks

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        hook = self.hooks.after_load(name)
        is_legacy = re.fullmatch(r"tf_keras\.legacy_tf_layers(\.\w+)?", name) is not None
        if hook is None and not is_legacy:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if hook is not None and hasattr(spec.loader, "exec_module"):
                    self._watch(spec.loader, name, hook)
                return spec
        if not is_legacy:
            return None
        # TensorFlow looks for them there, tf-keras has them elsewhere, and `tf_slim` needs them.
        other: Any = Alias(name.replace("tf_keras.", "tf_keras.src.", 1))
        return importlib.util.spec_from_loader(name, other)

    def _watch(self, loader: Any, name: str, hook: Callable[[Any], None]) -> None:
        load = loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            try:
                hook(module)
            except Exception as error:
                self.hooks.recorder.note(f"{name} could not be watched: {error!r}")

        loader.exec_module = exec_module


class Alias:
    """Loads a module under another name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: Any) -> Any:
        return importlib.import_module(self.name)

    def exec_module(self, module: Any) -> None:
        """It has been run under its own name."""


# ------------------------------------------------------------------- what is run


def run_script(request: dict[str, Any]) -> None:
    """Run a file, or with `is_module` a module as `python -m` does, as `__main__`."""
    sys.argv = [request["target"], *request["arguments"]]
    if request["is_module"]:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(request["target"], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, os.path.dirname(os.path.realpath(request["target"])))
        runpy.run_path(request["target"], run_name="__main__")


def load_module(name: str) -> Any:
    """The module of a dotted name, or of a file; one in a package by its full name.

    Raises: RefusedError where there is no such file.
    """
    if not name.endswith(".py"):
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        return importlib.import_module(name)
    path = os.path.realpath(name)
    if not os.path.isfile(path):
        raise RefusedError(f"there is no file `{name}`")
    folder, base = os.path.split(path)
    parts = [base[: -len(".py")]]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, base = os.path.split(folder)
        parts.insert(0, base)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    full = ".".join(parts)
    if len(parts) > 1:
        return importlib.import_module(full)
    known = sys.modules.get(full)
    if known is not None and os.path.realpath(getattr(known, "__file__", None) or "") == path:
        return known
    spec: Any = importlib.util.spec_from_file_location(full, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    return module


class Evaluation:
    """Expressions of the command line, in the names of a module."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def value(self, text: str) -> Any:
        """The value of a literal, a placeholder, `file.py:expression` or an expression.

        Raises: RefusedError with what is wrong in it.
        """
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError):
            pass
        module = self.module
        reference = _REFERENCE.fullmatch(text)
        if reference is not None:
            module, text = load_module(reference[1]), reference[2]
        names: dict[str, Any] = {"__placeholder__": placeholder}
        for name, full in (("tf", "tensorflow"), ("keras", "keras"), ("np", "numpy")):
            if re.search(rf"\b{name}\.", text) and not hasattr(module, name):
                names[name] = importlib.import_module(full)
        names = dict(vars(module), **names)
        try:
            code = compile(_PLACEHOLDER.sub(_placeholder_call, text), f"<{text}>", "eval")
        except SyntaxError as error:
            raise RefusedError(f"`{text}` is not an expression: {error.msg}; {_QUOTE}") from None
        try:
            return eval(code, names)
        except NameError as error:
            raise RefusedError(f"`{text}`: {error} in `{module.__name__}`; {_QUOTE}") from None


_QUOTE = "write a string in quotes of Python, as `--arg \"'text'\"`"


def _placeholder_call(found: Any) -> str:
    return f'__placeholder__("{found[1]}", [{found[2].replace("?", "None")}])'


def placeholder(dtype: str, shape: list[int | None]) -> Any:
    """A placeholder of a graph; in eager mode a tensor of zeros, with 1 for unknown sizes."""
    tf = importlib.import_module("tensorflow")
    v1 = getattr(getattr(tf, "compat", tf), "v1", tf)
    if not v1.executing_eagerly():
        return v1.placeholder(getattr(tf, dtype), shape)
    return tf.zeros([1 if each is None else each for each in shape], getattr(tf, dtype))


def run_function(request: dict[str, Any], recorder: Recorder) -> None:
    """Call a function of a module with the values that the command line gives."""
    sys.argv = [request["target"], *request["arguments"]]
    module = load_module(request["target"])
    function = module
    for name in request["function"].split("."):
        if not hasattr(function, name):
            raise RefusedError(f"`{request['target']}` has no `{request['function']}`")
        function = getattr(function, name)
    if not callable(function):
        raise RefusedError(f"`{request['function']}` is not a function")
    contexts: list[Any] = []
    if wants_graph(request["mode"], module):
        tf = importlib.import_module("tensorflow")
        contexts.append(tf.Graph().as_default())
        contexts[0].__enter__()
    evaluation = Evaluation(module)
    for text in request["under"]:
        contexts.append(as_context(evaluation.value(text), text))
        contexts[-1].__enter__()
    positional, named = [], {}
    for text in request["args"]:
        name = _NAMED.fullmatch(text)
        if name is not None:
            named[name[1]] = evaluation.value(name[2])
        else:
            positional.append(evaluation.value(text))
    recorder.result = function(*positional, **named)
    for text in request["calls"]:
        recorder.result(evaluation.value(text))
    # The contexts stay open until the process ends: what is recorded is read in them.


def wants_graph(mode: str, module: Any) -> bool:
    """Whether a function is called in a graph: asked for, or its module is of TensorFlow 1."""
    if mode != "auto":
        return mode == "graph"
    tf = importlib.import_module("tensorflow")
    if not getattr(getattr(tf, "compat", tf), "v1", tf).executing_eagerly():
        return True
    if any(name.partition(".")[0] == "tf_slim" for name in sys.modules):
        return True
    of_v1 = (getattr(each, "__name__", "") for each in vars(module).values())
    return any(isinstance(each, str) and ".compat.v1" in each for each in of_v1)


def as_context(value: Any, text: str) -> Any:
    """A value as a context manager; the dict that functions of slim return is an `arg_scope`."""
    if isinstance(value, dict):
        for name in ("tf_slim", "tensorflow.contrib.framework"):
            if name in sys.modules:
                return sys.modules[name].arg_scope(value)
    if not hasattr(value, "__enter__"):
        raise RefusedError(f"`{text}` is {type(value).__name__}, which is not a context manager")
    return value


# --------------------------------------------------------------------------- main


def watch_parent() -> None:
    """End when the process that started this one has gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def describe_error(error: BaseException, recorder: Recorder) -> dict[str, Any]:
    """Type, message, the user's frames outermost first, and what was not there, if that is it."""
    frames = []
    trace: Any = error.__traceback__
    while trace is not None:
        path = recorder.shown_path(trace.tb_frame.f_code.co_filename)
        if path is not None:
            frames.append([path, trace.tb_lineno, trace.tb_frame.f_code.co_name])
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        frames.append([os.path.realpath(error.filename), error.lineno or 1, ""])
    fields: dict[str, Any] = {"type": type(error).__name__, "message": str(error), "frames": frames}
    if isinstance(error, ImportError):
        fields["module"] = error.name
    if isinstance(error, OSError) and error.filename is not None:
        fields["file"] = str(error.filename)
    if isinstance(error, SystemExit):
        fields["code"] = error.code if isinstance(error.code, (int, str)) else 0
    return fields


def main() -> None:
    """Carry out the request in the first argument; always ends with an `end` event."""
    request = json.loads(sys.argv[1])
    recorder = Recorder(request)
    here = os.path.dirname(_HERE)
    sys.path[:] = [each for each in sys.path if os.path.realpath(each or ".") != here]
    recorder.emit("start", python=".".join(map(str, sys.version_info[:3])), pid=os.getpid())
    hooks = Hooks(recorder)
    hooks.guard_directories()
    finder: Any = HookFinder(hooks)
    sys.meta_path.insert(0, finder)
    if hasattr(os, "getppid"):
        watch_parent()
    if hasattr(signal, "setitimer") and request["timeout"]:
        signal.signal(signal.SIGALRM, lambda *args: recorder.stop("the time limit"))
        signal.setitimer(signal.ITIMER_REAL, request["timeout"])
    code = 0
    try:
        if request["function"]:
            run_function(request, recorder)
        else:
            run_script(request)
        recorder.finish("finished")
    except StopTrace:
        pass
    except RefusedError as error:
        recorder.finish("refused", message=str(error))
        code = 1
    except SystemExit as error:
        if error.code in (None, 0):
            recorder.finish("finished")
        else:
            recorder.finish("failed", **describe_error(error, recorder))
            code = 1
    except BaseException as error:
        recorder.finish("failed", **describe_error(error, recorder))
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    # Threads and exit handlers of the program have nothing more to do here.
    os._exit(code)


if __name__ == "__main__":
    main()
