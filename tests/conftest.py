"""A project in a temporary folder, asked about snippets the way an editor asks.

In a snippet `<cursor>` marks where the question is put. A comment `# error: [code]` (or
`warning`, with a part of the message behind it) says what is found on its line; lines
without one must stay silent.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import settings

from checkpoint import crafted, crafted_objects
from ckptls.features.code_actions.code_actions import fixes
from ckptls.features.common.results import Completion, Finding
from ckptls.features.completion.variable_names import completion
from ckptls.features.diagnostics.diagnostics import findings
from ckptls.features.hover.assignment_text import assigned_at
from ckptls.features.hover.hover import hover
from ckptls.source.document import Cursor
from ckptls.workspace.binding import Binder, Binding
from ckptls.workspace.settings import Settings, parse_settings
from ckptls.workspace.workspace import OpenDocument, Workspace

EXAMPLE = Path(__file__).parents[1] / "examples" / "vgg16"
HEAD = "import tensorflow as tf\nimport tf_slim as slim\n"
_EXPECTED = re.compile(r"#\s*(error|warning|hint): \[([\w-]+)\]\s*([^#\n]*)")

# The same examples each time: what fails is to fail for whoever caused it. Others are looked for
# with HYPOTHESIS_PROFILE=default.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


class Project:
    """A workspace folder with checkpoints, and questions about code in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workspace = Workspace()
        self.folder = self.workspace.add_folder(root, Settings())

    def checkpoint(self, prefix: str, **shapes: Sequence[int]) -> None:
        """Writes a V2 index of float32 variables; `__` in a keyword stands for `/`."""
        named = {name.replace("__", "/"): shape for name, shape in shapes.items()}
        self.listing(prefix, named)

    def listing(self, prefix: str, shapes: dict[str, Sequence[int]]) -> None:
        """As `checkpoint`, for names that are no Python names."""
        path = self.root / f"{prefix}.index"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [(name, crafted.FLOAT, shape) for name, shape in shapes.items()]
        path.write_bytes(crafted.index(rows))

    def objects(self, prefix: str, *names: str) -> None:
        """Writes an object-based checkpoint: `net/w` stands for the whole key of a variable.

        `net/w=dense/kernel` also says what the variable was called in its graph.
        """
        keys, full_names = zip(*(name.partition("=")[::2] for name in names), strict=True)
        roots = tuple(dict.fromkeys(key.partition("/")[0] for key in keys))
        nodes = [[crafted_objects.child(name, i) for i, name in enumerate(roots, start=1)]]
        nodes += [[] for _ in roots]
        suffixed = [key + crafted_objects.SUFFIX for key in keys]
        nodes += [
            [crafted_objects.attribute(full_name, key)]
            for full_name, key in zip(full_names, suffixed, strict=True)
        ]
        crafted_objects.write(self.root / prefix, crafted_objects.graph_of(*nodes), names=suffixed)

    def graph(self, name: str, *nodes: str) -> None:
        """Writes a `.meta` file with a graph of these nodes."""
        field = crafted.bytes_field
        rows = [field(1, field(1, node.encode()) + field(2, b"NoOp")) for node in nodes]
        (self.root / name).write_bytes(field(1, b"") + field(2, b"".join(rows)))

    def keras(self, name: str, *layers: str, is_model: bool = False) -> None:
        """Writes a legacy `.h5` file of weights, or of a model, a kernel for each layer."""
        import h5py

        with h5py.File(self.root / name, "w") as file:
            if is_model:
                file.attrs["model_config"] = "{}"
            file.attrs["layer_names"] = [layer.encode() for layer in layers]
            for layer in layers:
                group = file.create_group(layer)
                group.attrs["weight_names"] = [f"{layer}/kernel:0".encode()]
                group.create_dataset(f"{layer}/kernel:0", data=[1.0, 2.0])

    def file(self, name: str, text: str) -> Path:
        """Another file of the project, as it lies on the disk."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
        return path

    def settings(self, **values: object) -> None:
        settings, problems = parse_settings({k.replace("_", "-"): v for k, v in values.items()})
        assert not problems
        self.folder.settings = settings

    def opened(self, snippet: str, name: str = "train.py") -> tuple[OpenDocument, int]:
        """The snippet as an open document below the usual imports, and its cursor."""
        text = HEAD + dedent(snippet)
        cursor = text.find("<cursor>")
        path = self.root / name
        return self.workspace.open(name, path, text.replace("<cursor>", "")), cursor

    def asked(self, snippet: str) -> tuple[Cursor, Binding] | None:
        opened, offset = self.opened(snippet)
        assert offset >= 0, "the snippet has no <cursor>"
        cursors = opened.document.at(offset)
        if not cursors:
            return None
        binder = self.workspace.binder(opened, cursors[0].analysis, self.workspace.load)
        return cursors[0], binder.bind(cursors[0].site)

    def completion(self, snippet: str) -> Completion | None:
        found = self.asked(snippet)
        return completion(*found) if found is not None else None

    def completes(
        self,
        snippet: str,
        offers: Sequence[str] = (),
        never: Sequence[str] = (),
        replaces: str | None = None,
        first: str | None = None,
    ) -> None:
        """`offers` are labels, with two spaces before the detail where that matters too."""
        answer = self.completion(snippet)
        assert answer is not None, "no completion at all"
        labels = [item.label for item in answer.items]
        shown = labels + [f"{item.label}  {item.detail}" for item in answer.items]
        assert not [offer for offer in offers if offer not in shown], shown
        assert not [label for label in never if label in labels], labels
        if first is not None:
            assert labels[0] == first, labels
        if replaces is not None:
            text = HEAD + dedent(snippet).replace("<cursor>", "")
            assert text[answer.replaced.start : answer.replaced.end] == replaces

    def offers_nothing(self, snippet: str) -> None:
        answer = self.completion(snippet)
        assert answer is None or not answer.items

    def hover(self, snippet: str) -> str:
        """The hover's Markdown without marks; empty if there is none."""
        found = self.asked(snippet)
        answer = None
        if found is not None:
            cursor, binding = found
            opened = self.workspace.documents["train.py"]
            binder = self.workspace.binder(opened, cursor.analysis, self.workspace.load)
            answer = hover(cursor, binding, assigned_at(cursor, binder.bind))
        return re.sub(r"[`*]", "", answer.markdown) if answer is not None else ""

    def binder(self, snippet: str, name: str = "train.py") -> Binder:
        """What binds the sites of a snippet; `<cursor>` is left out of it."""
        opened, _ = self.opened(snippet, name)
        return self.workspace.binder(opened, opened.document.analysis(), self.workspace.load)

    def findings(self, snippet: str, name: str = "train.py") -> tuple[str, list[Finding]]:
        opened, _ = self.opened(snippet, name)
        binder = self.workspace.binder(opened, opened.document.analysis(), self.workspace.load)
        return opened.document.text, findings(binder, self.folder.settings)

    def checks(self, snippet: str) -> None:
        """The findings are those that the comments of the snippet name, and no others."""
        self.checks_as("train.py", snippet)

    def checks_as(self, name: str, snippet: str) -> None:
        """As `checks`, for a file of that name, which is there on the disk too."""
        if name != "train.py":
            self.file(name, HEAD + dedent(snippet))
        text, found = self.findings(snippet, name)
        lines = text.splitlines()
        expected: dict[tuple[int, str, str], str] = {}
        for number, line in enumerate(lines):
            for match in _EXPECTED.finditer(line):
                expected[number, match[1], match[2]] = match[3].strip()
        told = {
            (text.count("\n", 0, each.span.start), each.severity.label, each.code): each.message
            for each in found
        }
        readable = {f"{lines[line]!r} [{code}]": told[line, s, code] for line, s, code in told}
        assert told.keys() == expected.keys(), readable
        for key, part in expected.items():
            assert part in told[key], told[key]

    def marks(self, snippet: str) -> list[str]:
        """The underlined texts, in order."""
        text, found = self.findings(snippet)
        return [text[each.span.start : each.span.end] for each in found]

    def fixed(self, snippet: str) -> str:
        """The snippet after the preferred fix of each finding."""
        text, found = self.findings(snippet)
        chosen = [fix for fix in fixes(found) if fix.is_preferred]
        for fix in sorted(chosen, key=lambda fix: fix.span, reverse=True):
            text = text[: fix.span.start] + fix.new_text + text[fix.span.end :]
        return text[len(HEAD) :]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path)


@pytest.fixture
def vgg16(project: Project) -> Project:
    """A project with the example's checkpoint as `vgg_16.ckpt`."""
    index = EXAMPLE / "ckpts" / "vgg_16.ckpt.index"
    shutil.copy(index, project.root / "vgg_16.ckpt.index")
    return project
