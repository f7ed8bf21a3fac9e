"""A server process and a client that does everything wrong, then a fresh server to compare.

    python -m fuzz.peer SEED MESSAGES           (in tests/) one session made from a seed
    python -m fuzz.peer --replay FILE           one that was kept because it failed
    python -m fuzz.peer --shrink FILE           finds steps that can be left out of it

The rules: every request is answered; nothing is shown to the user; nothing fails in the log;
when the dust has settled, each answer is what a server says that is told the texts at once.
A session is a list of steps that do not depend on answers, so that it can be kept and cut.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from fuzz import peer_disk, peer_notebooks
from fuzz.peer_author import ENCODINGS, FOLDER, Json, Step, named, script, seen
from fuzz.peer_messages import Builder, offered
from fuzz.peer_texts import Text, joined
from lsp.wire import Wire

RESULTS = Path(__file__).with_name("results")
# What is read in the background may take so long until it is there.
_SETTLE_SECONDS = 20.0
LAST_SETTINGS: Json = {"ckptls": {"inlayHints": True}}
ABLE: Json = {
    "textDocument": {
        "completion": {"completionItem": {"insertReplaceSupport": True}},
        "hover": {"contentFormat": ["markdown"]},
        **{name: {} for name in ("definition", "references", "documentHighlight", "inlayHint")},
        **{name: {} for name in ("codeLens", "documentLink", "codeAction", "foldingRange")},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "rename": {"prepareSupport": True},
        "publishDiagnostics": {"relatedInformation": True},
        "semanticTokens": {"requests": {"full": True, "range": True}, "tokenTypes": [],
                           "tokenModifiers": [], "formats": ["relative"]},
    },
    "notebookDocument": {"synchronization": {}},
    "workspace": {"symbol": {}, "textDocumentContent": {}, "workspaceFolders": True},
    "window": {"workDoneProgress": True},
}  # fmt: skip


class BrokenRuleError(AssertionError):
    """A rule is broken."""


def capabilities(seed: int) -> Json:
    """Of a client: each third counts otherwise, each other asks for findings."""
    able: Json = json.loads(json.dumps(ABLE))
    able["general"] = {"positionEncodings": [ENCODINGS[seed % 3]]}
    if seed // 3 % 2:
        able["textDocument"]["diagnostic"] = {}
        able["workspace"]["diagnostics"] = {"refreshSupport": True}
    return able


def documents(steps: Sequence[Step], encoding: str) -> dict[str, tuple[str, int]]:
    """The documents that are open at the end, in order: their texts and versions."""
    models: dict[str, tuple[Text, int]] = {}
    for step in steps:
        if step[0] != "send":
            continue
        params = step[1].get("params")
        if step[1]["method"] == "textDocument/didOpen" and "id" not in step[1]:
            item = params["textDocument"]
            models.pop(item["uri"], None)
            models[item["uri"]] = (Text(item["text"], encoding), item["version"])
        elif step[1]["method"] == "textDocument/didClose":
            models.pop(params["textDocument"]["uri"], None)
        elif step[1]["method"] == "textDocument/didChange":
            document = params["textDocument"]
            if document["uri"] in models:
                model, _ = models[document["uri"]]
                for change in params["contentChanges"]:
                    model.apply(change)
                models[document["uri"]] = (model, document["version"])
    return {uri: (model.whole, version) for uri, (model, version) in models.items()}


def notebooks(steps: Sequence[Step], encoding: str) -> peer_notebooks.Books:
    """The notebooks that are open at the end."""
    books: peer_notebooks.Books = {}
    for step in steps:
        if step[0] == "send" and "id" not in step[1]:
            peer_notebooks.follow(books, step[1], encoding)
    return books


class Connection:
    """A server process in a project; addresses in messages have FOLDER for the project's."""

    def __init__(self, folder: Path, able: Json) -> None:
        self._address = folder.as_uri()
        self._log = folder.with_name(f"{folder.name}-{time.monotonic_ns()}.log")
        with self._log.open("wb") as log:
            self.wire = Wire(stderr=log)
        self.capable = self.wire.start(able, workspaceFolders=[named(folder.as_uri())])
        self._waiting: list[int | str | None] = []

    def send(self, message: Any) -> None:
        if isinstance(message, dict) and "id" in message and "method" in message:
            identifier = message["id"]
            is_id = isinstance(identifier, (int, str)) and not isinstance(identifier, bool)
            self._waiting.append(identifier if is_id else None)
        whole = json.dumps(message).replace(FOLDER, self._address).encode()
        self.wire.write(b"Content-Length: %d\r\n\r\n" % len(whole) + whole)

    def settle(self) -> None:
        """Waits for the answers to all that was asked."""
        for identifier in self._waiting:
            self.wire.answer(identifier, 60)
        self._waiting.clear()

    def ask(self, questions: Sequence[Json]) -> list[Any]:
        for index, question in enumerate(questions):
            self.send({"jsonrpc": "2.0", "id": f"q{index}", **question})
        self._waiting.clear()
        return [self.wire.answer(f"q{index}", 60) for index in range(len(questions))]

    def published(self, uri: str) -> Any:
        """The findings that were told last of a document."""
        uri = uri.replace(FOLDER, self._address)
        for message in reversed(self.wire.told):
            if message["method"] != "textDocument/publishDiagnostics":
                continue
            if joined(message["params"]["uri"]) == joined(uri):
                return message["params"]["diagnostics"]
        return None

    def check(self) -> None:
        """Nothing was shown to the user, and nothing failed in the log."""
        for message in self.wire.told:
            if message["method"] == "window/showMessage" and "raceback" in str(message):
                raise BrokenRuleError(f"shown to the user: {message}")
        log = self.log()
        if "Traceback" in log:
            start = log.index("Traceback")
            raise BrokenRuleError(f"failed in the log:\n{log[max(start - 500, 0) : start + 6000]}")

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def end(self) -> None:
        self.wire.send(id="last", method="shutdown")
        self.wire.answer("last")
        self.wire.send(method="exit")
        if code := self.wire.process.wait(timeout=15):
            raise BrokenRuleError(f"ended with {code}")


@contextmanager
def connected(folder: Path, able: Json) -> Iterator[Connection]:
    connection = Connection(folder, able)
    try:
        yield connection
        connection.check()
        connection.end()
        connection.check()
    except Exception:
        print(connection.log()[-3000:], file=sys.stderr)
        raise
    finally:
        connection.wire.kill()


def run(
    steps: Sequence[Step], able: Json, random: Random, seconds: float = _SETTLE_SECONDS
) -> None:
    """One session; raises BrokenRuleError, or whatever says that the server is gone."""
    encoding = able["general"]["positionEncodings"][0]
    base = Path(tempfile.mkdtemp(prefix="ckptls-peer-"))
    try:
        folder = base / "project"
        peer_disk.make(folder)
        with connected(folder, able) as connection:
            for number, step in enumerate(steps):
                _do(step, connection, folder)
                if number % 100 == 99:
                    connection.settle()
            _tidy(connection)
            opened = documents(steps, encoding)
            books = notebooks(steps, encoding)
            _compare(connection, folder, able, opened, books, encoding, random, seconds)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _do(step: Step, connection: Connection, folder: Path) -> None:
    if step[0] == "disk":
        peer_disk.happen(folder, *step[1:])
    elif step[0] == "odd":
        connection.send(step[1])
    else:
        connection.send({"jsonrpc": "2.0", **step[1]})


def _tidy(connection: Connection) -> None:
    """Folders and settings as a fresh server has them, and news of all changes."""
    uris = (FOLDER, f"{FOLDER}/models", f"{FOLDER}/dir.py")
    event = {"added": [named(FOLDER)], "removed": [named(uri) for uri in uris]}
    _tell(connection, "workspace/didChangeWorkspaceFolders", {"event": event})
    _tell(connection, "workspace/didChangeConfiguration", {"settings": LAST_SETTINGS})
    _tell(connection, "workspace/didChangeWatchedFiles", seen(sorted({*peer_disk.TOUCHED})))
    connection.settle()


def _tell(connection: Connection, method: str, params: Json) -> None:
    connection.send({"jsonrpc": "2.0", "method": method, "params": params})


def _compare(
    connection: Connection,
    folder: Path,
    able: Json,
    opened: dict[str, tuple[str, int]],
    books: peer_notebooks.Books,
    encoding: str,
    random: Random,
    seconds: float,
) -> None:
    """Asks a fresh server the same; what takes its time to be found may come later."""
    with connected(folder, able) as fresh:
        for uri, (whole, version) in opened.items():
            item = {"uri": uri, "languageId": "python", "version": version, "text": whole}
            _tell(fresh, "textDocument/didOpen", {"textDocument": item})
        for uri, book in books.items():
            fresh.send({"jsonrpc": "2.0", **peer_notebooks.opening(uri, book)})
            cells = book.known().items()
            opened = opened | {cell: (model.whole, version) for cell, (model, version, _) in cells}
        _tell(fresh, "workspace/didChangeConfiguration", {"settings": LAST_SETTINGS})
        questions = list(_questions(connection.capable, opened, encoding, random))
        deadline = time.monotonic() + seconds
        while True:
            ours, theirs = connection.ask(questions), fresh.ask(questions)
            differing = [
                (question, one, other)
                for question, one, other in zip(questions, ours, theirs, strict=True)
                if _normal(one) != _normal(other)
            ]
            if "diagnosticProvider" not in connection.capable:
                told = ((uri, connection.published(uri), fresh.published(uri)) for uri in opened)
                differing += [
                    ({"published": uri}, a, b) for uri, a, b in told if (a or []) != (b or [])
                ]
            if not differing:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
    question, one, other = differing[0]
    whole = opened.get(_uri_of(question), ("", 0))[0]
    raise BrokenRuleError(
        f"{len(differing)} answers differ from those of a fresh server, the first to\n"
        f"{_short(question)}\n  here:  {_short(one)}\n  fresh: {_short(other)}\n"
        f"  text:  {whole!r}"
    )


def _short(value: object) -> str:
    return re.sub("a{100,}", "a…", json.dumps(value))


def _uri_of(question: Json) -> str:
    if "published" in question:
        return str(question["published"])
    return str(question["params"].get("textDocument", {}).get("uri", ""))


def _questions(
    capable: Json, opened: dict[str, tuple[str, int]], encoding: str, random: Random
) -> Iterator[Json]:
    """All that can be asked about the documents that are open, at some places."""
    # Which names are found in the workspace depends on what has been read so far.
    methods = [each for each in offered(capable) if each.startswith("textDocument/")]
    for uri, (whole, _) in opened.items():
        if uri.startswith("ckptls:"):  # a listing is what the server was asked to make of it
            continue
        model = Text(whole, encoding)
        builder = Builder(random, lambda uri=uri: uri, lambda m=model: m.position(random), ())
        for method in methods:
            is_placed = "position" in str(builder.params(method))
            for _ in range(6 if is_placed else 2):
                params = builder.params(method)
                if isinstance(params, dict) and "previousResultId" not in params:
                    yield {"method": method, "params": params}


def _normal(answer: Json) -> Any:
    """An answer without what may differ: the order of places in several documents, and the
    numbers that a server gives its answers."""
    result = answer.get("result", answer.get("error"))
    if isinstance(result, dict) and "resultId" in result:
        return {key: value for key, value in result.items() if key != "resultId"}
    if isinstance(result, list) and all(isinstance(e, dict) and "uri" in e for e in result):
        return sorted(result, key=json.dumps)
    return result


def keep(seed: int, able: Json, steps: list[Step]) -> Path:
    """Writes a session down for a replay."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"peer-{seed}.json"
    path.write_text(json.dumps({"seed": seed, "able": able, "steps": steps}))
    return path


def session(seed: int, count: int) -> None:
    """Makes a session and runs it; it is kept if it fails."""
    able = capabilities(seed)
    with tempfile.TemporaryDirectory() as base:
        peer_disk.make(Path(base, "project"))
        with connected(Path(base, "project"), able) as asked:
            capable = asked.capable
    steps = script(seed, count, capable)
    try:
        run(steps, able, Random(seed))
    except Exception as error:
        path = keep(seed, able, steps)
        again = f"cd tests && python -m fuzz.peer --replay {path}"
        raise BrokenRuleError(
            f"seed {seed}: {type(error).__name__}: {error}\nagain: {again}"
        ) from error


def _fails(kept: Json, steps: list[Step]) -> str | None:
    try:
        run(steps, kept["able"], Random(kept["seed"]), seconds=3)
    except Exception as error:  # noqa: BLE001  that of a server that is gone, too
        return f"{type(error).__name__}: {error}"
    return None


def shrink(path: Path) -> None:
    """Leaves out ever smaller parts as long as the session fails, and keeps the rest."""
    kept = json.loads(path.read_text())
    steps: list[Step] = kept["steps"]
    size = len(steps) // 2
    while size:
        start = 0
        while start < len(steps):
            shorter = steps[:start] + steps[start + size :]
            if _fails(kept, shorter) is not None:
                steps = shorter
                path.write_text(json.dumps({**kept, "steps": steps}))
                print(f"{len(steps)} steps", flush=True)
            else:
                start += size
        size //= 2


def main(arguments: Sequence[str]) -> int:
    if arguments[0] == "--shrink":
        shrink(Path(arguments[1]))
        return 0
    if arguments[0] == "--replay":
        kept = json.loads(Path(arguments[1]).read_text())
        run(kept["steps"], kept["able"], Random(kept["seed"]))
    else:
        session(int(arguments[0]), int(arguments[1]))
    print("nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
