"""The model file of a trace: `docs/trace.md` describes it, `source.inventory.model_file` reads it.

Nothing in it depends on the machine or the time: paths are relative, so that two runs of the
same program give the same file.
"""

from __future__ import annotations

import os
from json import dumps
from tempfile import mkstemp
from typing import Any

from ckptls.cli.tracing.trace_process import Trace
from ckptls.cli.tracing.trace_request import Request
from ckptls.source.inventory.model_file import FORMAT, VERSION

_RESTORE_FIELDS = (
    *("function", "kind", "path", "asserts", "on_missing", "on_shape"),
    *("by_name", "skip_mismatch", "library", "root_keys"),
)


def model_document(request: Request, trace: Trace, folder: str) -> dict[str, Any]:
    """The document; paths in it are relative to `folder`."""
    paths = _Paths(folder)
    indices = _own_indices(trace)
    variables = [_variable(each, trace, indices, paths) for each in trace.variables]
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "program": {
            "target": paths.shown(request.target) if not request.is_module else request.target,
            "function": request.function,
            "is_module": request.is_module,
            "arguments": list(request.arguments),
            "args": list(request.args),
            "calls": list(request.calls),
            "under": list(request.under),
        },
        "python": trace.python,
        "libraries": trace.end.get("versions", {}),
        "gaps": _gaps(trace, paths),
        "stopped": None,
        "files": [{"path": paths.shown(path), "sha256": found} for path, found in trace.files],
        "variables": [each for i, each in enumerate(variables) if i in indices and indices[i] >= 0],
        "restores": [_restore(each, indices, paths) for each in trace.restores],
    }
    if trace.end.get("reason") == "stopped":
        at = paths.places(trace.end.get("frames", ()))
        document["stopped"] = {"before": trace.end["before"], "at": at}
    if trace.roots.get(""):
        document["keys"] = _asks(trace.roots[""], indices)
    return document


def dump_document(document: dict[str, Any]) -> str:
    """The document as JSON, in which each variable, file and restore has its line."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            items = ",\n  ".join(dumps(each, ensure_ascii=False) for each in value)
            lines.append(f" {dumps(key)}: [\n  {items}\n ]")
        else:
            lines.append(f" {dumps(key)}: {dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def write_document(path: str, text: str) -> None:
    """Write a file whole, or leave the one that is there as it is.

    Raises: OSError where the folder cannot be written to.
    """
    target = os.path.realpath(path)
    descriptor, temporary = mkstemp(prefix=".ckptls-", dir=os.path.dirname(target))
    try:
        try:
            data = text.encode("utf-8", "surrogateescape")
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)
        os.chmod(temporary, _mode_of(target))
        os.replace(temporary, target)
    except OSError:
        os.unlink(temporary)
        raise


def _mode_of(path: str) -> int:
    """The mode of the file that is replaced, else that of a new one."""
    try:
        return os.stat(path).st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


class _Paths:
    """Paths as the document has them: relative to a folder, with slashes."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.realpath(folder)
        self._shown: dict[str, str] = {}

    def shown(self, path: str) -> str:
        if path not in self._shown:
            try:
                relative = os.path.relpath(os.path.realpath(path), self._folder)
            except ValueError:  # on another drive
                relative = os.path.realpath(path)
            self._shown[path] = relative.replace(os.sep, "/")
        return self._shown[path]

    def places(self, frames: Any) -> list[str]:
        """`file:line` of each frame, outermost first."""
        return [f"{self.shown(path)}:{line}" for path, line, _ in frames]


def _own_indices(trace: Trace) -> dict[int, int]:
    """From the index of each variable to its place in the document.

    A variable of Keras 3 and the one of TensorFlow in it are one.
    """
    wrapped = {
        each["wraps"]: each["index"] for each in trace.variables if each.get("wraps") is not None
    }
    own = [each["index"] for each in trace.variables if each["index"] not in wrapped]
    indices = {index: place for place, index in enumerate(own)}
    for inner, outer in wrapped.items():
        if outer in indices:
            indices[inner] = -1 - indices[outer]
    return indices


def _place(index: int | None, indices: dict[int, int]) -> int | None:
    place = indices.get(index) if index is not None else None
    return None if place is None else place if place >= 0 else -1 - place


def _variable(
    record: dict[str, Any], trace: Trace, indices: dict[int, int], paths: _Paths
) -> dict[str, Any]:
    result: dict[str, Any] = {"name": record["name"], "shape": record["shape"]}
    result["dtype"] = record["dtype"]
    result["trainable"] = record["trainable"]
    if record.get("collections"):
        result["collections"] = record["collections"]
    if record.get("graph") is not None:
        result["graph"] = record["graph"]
    for key in ("purpose", "internal", "part"):
        if record.get(key):
            result[key] = record[key]
    if record.get("of") is not None:
        result["of"] = trace.variables[record["of"]]["name"]
    result["maker"] = record.get("maker", "")
    result["at"] = paths.places(record["frames"])
    return result


def _restore(record: dict[str, Any], indices: dict[int, int], paths: _Paths) -> dict[str, Any]:
    result = {key: record[key] for key in _RESTORE_FIELDS if record.get(key) is not None}
    result["made"] = sum(place >= 0 for index, place in indices.items() if index < record["made"])
    result["at"] = paths.places(record["frames"])
    result["asks"] = _asks(record["asks"], indices)
    if "layers" in record:
        result["layers"] = [
            [name, [place for each in of if (place := _place(each, indices)) is not None]]
            for name, of in record["layers"]
        ]
    return result


def _asks(pairs: list[list[Any]], indices: dict[int, int]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for key, index in pairs:
        place = _place(index, indices)
        if place is not None and [key, place] not in found[-2:]:
            found.append([key, place])
    return found


def _gaps(trace: Trace, paths: _Paths) -> list[dict[str, Any]]:
    """Why the document may lack variables; empty where it has them all."""
    gaps = [{"reason": note} for note in trace.notes]
    reason = trace.end.get("reason")
    at: dict[str, Any] = {"at": paths.places(trace.end.get("frames", ()))}
    if trace.is_late:
        gaps.append({"reason": "the program was stopped at the time limit", **at})
    elif reason == "failed":
        gaps.append({"reason": f"the program ended with {trace.end['type']}", **at})
    elif reason == "crashed":
        gaps.append({"reason": "the program was ended from outside, or crashed"})
    return gaps
