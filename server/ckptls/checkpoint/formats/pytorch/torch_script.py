"""Which attributes of the modules in a TorchScript archive are parameters and buffers.

The archive holds the source of each class, whose first lines name them. The source is searched
as text, never compiled.

Source: torch/csrc/jit/serialization/python_print.cpp (PythonPrintImpl::printNamedType).
"""

from __future__ import annotations

import re

from ckptls.checkpoint.storage.zip_archive import Archive

MAX_SOURCE_BYTES = 16 << 20
_FOLDER = "code/"
_CLASS = re.compile(
    r"(?m)^class (\w+)\(Module\):\n"
    r"(?:  __parameters__ = \[(?P<parameters>.*)\]\n)?"
    r"(?:  __buffers__ = \[(?P<buffers>.*)\]\n)?"
)
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Sources:
    """The sources in an open archive whose records begin with `root`."""

    def __init__(self, archive: Archive, root: str) -> None:
        self._archive = archive
        self._folder = root + _FOLDER
        self._members = frozenset(archive.names)
        self._classes: dict[str, dict[str, frozenset[str]]] = {}
        self._rest_bytes = 4 * MAX_SOURCE_BYTES

    def members_of(self, class_name: str) -> frozenset[str] | None:
        """The parameters and buffers of a class; None if it is not there, or not of a module.

        Raises:
            CheckpointError: a source that is damaged.
        """
        module, _, name = class_name.rpartition(".")
        if module not in self._classes:
            self._classes[module] = self._read(f"{self._folder}{module.replace('.', '/')}.py")
        return self._classes[module].get(name)

    def _read(self, record: str) -> dict[str, frozenset[str]]:
        if record not in self._members or self._archive.size_of(record) > self._rest_bytes:
            return {}
        self._rest_bytes -= self._archive.size_of(record)
        text = self._archive.read(record, MAX_SOURCE_BYTES).decode("utf-8", "replace")
        return {
            match[1]: frozenset(
                _NAME.findall(f"{match['parameters'] or ''} {match['buffers'] or ''}")
            )
            for match in _CLASS.finditer(text)
        }
