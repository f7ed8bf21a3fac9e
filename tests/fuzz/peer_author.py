"""The session of a client that does everything wrong: steps that do not depend on answers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from fuzz import peer_disk, peer_notebooks
from fuzz.peer_messages import NOTIFICATIONS, ODD, Builder, offered
from fuzz.peer_texts import Text, text

Json = dict[str, Any]
Step = list[Any]
ENCODINGS = ("utf-8", "utf-16", "utf-32")
FOLDER = "FOLDER"
# Addresses of documents; FOLDER stands for the address of the project.
URIS = (
    *(f"{FOLDER}/train.py", f"{FOLDER}/train.py", f"{FOLDER}/utils.py", f"{FOLDER}/%75tils.py"),
    *(f"{FOLDER}/sub%20dir/%C3%BC.py", f"{FOLDER}/binary.py", f"{FOLDER}/dir.py"),
    *(f"{FOLDER}/loop/loop/a.py", f"{FOLDER}/self.py", f"{FOLDER}/a%ff%fe.py", f"{FOLDER}/a%00.py"),
    *("untitled:Untitled-1", "vscode-notebook-cell:/a.ipynb#W0sZmlsZQ%3D%3D", "", "x", "file:"),
    *("git:/a/train.py?%7B%22ref%22%3A%22~%22%7D", "file://host/share/a.py", "file:relative.py"),
    *("http://example.org/a.py", "file:///" + "a" * 5000 + ".py", "file:///\ud800.py", "file:///%"),
    *(f"ckptls:{FOLDER}/small.ckpt", "ckptls:/", f"{FOLDER}/../train.py", "file:///%2e%2e/%2F.py"),
)
# Of a notebook and cells that are never open.
CELLS = (f"{FOLDER}/n.ipynb", *(f"vscode-notebook-cell:{FOLDER}/n.ipynb#C{i}" for i in range(3)))
SETTINGS = (
    *({}, {"ckptls": {}}, {"ckptls": None}, [], None, "x", {"ckptls": [1]}, {"ckptls": {"x": 1}}),
    *({"ckptls": {"inlayHints": True}}, {"ckptls": {"inlayHints": "yes", "remote": "no"}}),
    *({"ckptls": {"checkpoints": 3}}, {"ckptls": {"checkpoints": ["**/*.ckpt", 7, None]}}),
    *({"ckptls": {"bindings": {"*.py": "small.ckpt"}}}, {"ckptls": {"bindings": [[[]]]}}),
    *({"ckptls": {"exclude": ["models"]}}, {"ckptls": {"severity": {"unknown-variable": "loud"}}}),
    *({"ckptls": {"flags": {"a": {}}, "functions": [{}], "search-paths": {"x": 1}}},),
    *({"ckptls": {"functions": {"load": "?"}, "ignore": "unknown-variable", "select": [None]}},),
)


def script(seed: int, count: int, capable: Json) -> list[Step]:
    """The steps of a session, about `count` messages of them."""
    return Author(seed, capable).steps(count)


class Author:
    def __init__(self, seed: int, capable: Json) -> None:
        self._random = Random(seed)
        self._encoding = ENCODINGS[seed % 3]
        self._texts: dict[str, Text] = {}
        self._made: list[Step] = []
        self._identifier = 0
        commands = capable.get("executeCommandProvider", {}).get("commands", ())
        self._builder = Builder(self._random, self._uri, self._place, commands)
        self._of_cells = Builder(
            self._random, lambda: self._random.choice(CELLS), self._place, commands
        )
        self._notebooks = peer_notebooks.Author(self._random, self._encoding)
        self._of_notebooks = Builder(self._random, self._cell, self._place_in_cell, commands)
        self._offered = offered(capable)

    def steps(self, count: int) -> list[Step]:
        while len(self._made) < count:
            kinds = (self._open, self._change, self._ask, self._close, self._nonsense, self._disk)
            weights = (4, 40, 40, 2, 8, 2)
            kinds = (*kinds, self._settings, self._notebook)
            self._random.choices(kinds, (*weights, 1, 12))[0]()
        return self._made[:count]

    def _uri(self) -> str:
        known = list(self._texts)
        return self._random.choice(known if known and self._random.random() < 0.9 else URIS)

    def _place(self) -> Json:
        model = self._random.choice(list(self._texts.values()) or [Text("", self._encoding)])
        return model.position(self._random)

    def _cell(self) -> str:
        known = self._notebooks.cell()
        return known[0] if known is not None else self._random.choice(CELLS)

    def _place_in_cell(self) -> Json:
        known = self._notebooks.cell()
        return known[1].position(self._random) if known is not None else self._place()

    def _notebook(self) -> None:
        self._send(**self._notebooks.message())

    def _send(self, **message: Any) -> None:
        self._made.append(["send", message])

    def _open(self) -> None:
        uri = self._random.choice(URIS)
        whole = text(self._random, self._encoding)
        self._texts[uri] = Text(whole, self._encoding)
        language = self._random.choice(("python", "python", "plaintext", ""))
        item = {"uri": uri, "languageId": language, "version": 1, "text": whole}
        self._send(method="textDocument/didOpen", params={"textDocument": item})

    def _change(self) -> None:
        uri = self._uri()
        model = self._texts.get(uri) or Text("", self._encoding)
        changes = []
        for _ in range(self._random.choice((0, 1, 1, 1, 1, 2, 5))):
            change = model.change(self._random)
            model.apply(change)
            changes.append(change)
        document = {"uri": uri, "version": self._random.choice((2, 3, 0, -5))}
        params = {"textDocument": document, "contentChanges": changes}
        self._send(method="textDocument/didChange", params=params)

    def _close(self) -> None:
        uri = self._uri()
        if self._random.random() < 0.5:
            self._ask()
        self._texts.pop(uri, None)
        self._send(method="textDocument/didClose", params={"textDocument": {"uri": uri}})

    def _ask(self) -> None:
        self._identifier += 1
        identifier = self._identifier if self._random.random() < 0.8 else f"r{self._identifier}"
        method = self._random.choice(self._offered)
        builders = self._builder, self._of_notebooks, self._of_cells
        builder = self._random.choices(builders, (75, 20, 5))[0]
        self._send(id=identifier, method=method, params=builder.params(method))
        if self._random.random() < 0.1:
            self._send(method="$/cancelRequest", params={"id": identifier})

    def _nonsense(self) -> None:
        random = self._random
        chance = random.random()
        if chance < 0.6:
            method = random.choice(NOTIFICATIONS)
            of_cells = method.startswith("notebook") or random.random() < 0.1
            builder = self._of_cells if of_cells else self._builder
            self._send(method=method, params=builder.params(method))
        elif chance < 0.8:
            self._identifier += 1
            method = random.choice(("no/such", "$/x", "textDocument/didOpen", "initialize"))
            self._send(id=self._identifier, method=method, params=random.choice(ODD))
        elif chance < 0.9:
            parts = {"method": random.choice(ODD), "id": random.choice(ODD), "result": 1}
            self._made.append(["odd", random.choice((random.choice(ODD), parts))])
        else:
            self._send(method="$/cancelRequest", params={"id": random.choice((*ODD, 1))})

    def _disk(self) -> None:
        name, what, size = peer_disk.chance(self._random)
        self._made.append(["disk", name, what, size])
        if self._random.random() < 0.7:
            self._send(method="workspace/didChangeWatchedFiles", params=seen([name]))

    def _settings(self) -> None:
        random = self._random
        if random.random() < 0.7:
            params: Json = {"settings": random.choice(SETTINGS)}
            self._send(method="workspace/didChangeConfiguration", params=params)
            return
        uri = random.choice((FOLDER, f"{FOLDER}/models", f"{FOLDER}/dir.py", "file:///", "x", ""))
        event = {"added": [], "removed": [], random.choice(("added", "removed")): [named(uri)]}
        self._send(method="workspace/didChangeWorkspaceFolders", params={"event": event})


def named(uri: str) -> Json:
    return {"uri": uri, "name": "project"}


def seen(names: Sequence[str]) -> Json:
    return {"changes": [{"uri": f"{FOLDER}/{name}", "type": 2} for name in names]}
