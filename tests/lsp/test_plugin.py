"""The plugin of python-lsp-server, in a real `pylsp` process, which waits longer than an editor's
(see `patient_pylsp`): on a busy machine an answer may come too late for that."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ckptls
from checkpoint import crafted
from ckptls.lsp.integrations import subprocess_client
from lsp.conftest import EXAMPLE, HEAD

PATIENT = Path(__file__).with_name("patient_pylsp.py")
SECONDS = 30.0
READ = HEAD + "tf.train.load_variable('vgg_16.ckpt', '{}')\n"
CAPABILITIES = {
    "textDocument": {
        "completion": {"completionItem": {}},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "publishDiagnostics": {"relatedInformation": True},
    }
}


class Client:
    """An editor with one document open in pylsp; speaks JSON, as lsprotocol's types do not
    know all that pylsp says of itself."""

    def __init__(
        self,
        folder: Path,
        process: int | None = os.getpid(),
        is_patient: bool = True,
    ) -> None:
        self.folder = folder
        self.uri = ""
        self.uris: list[str] = []
        self.shown: list[dict[str, Any]] | None = None
        # As long as this is there, the plugin waits for its server as long as it takes.
        self.patience = folder.with_name(f"{folder.name}.patient")
        if is_patient:
            self.patience.touch()
        self.process = subprocess.Popen(
            [sys.executable, str(PATIENT), str(self.patience)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
        )
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        hello = {"processId": process, "rootUri": folder.as_uri(), "capabilities": CAPABILITIES}
        self.ask("initialize", **hello)
        self.tell("initialized")

    def _read(self) -> None:
        while header := self.process.stdout.readline():
            length = int(header.split(b":")[1])
            while self.process.stdout.readline().strip():
                pass
            message = json.loads(self.process.stdout.read(length))
            if message.get("method") == "textDocument/publishDiagnostics":
                if message["params"]["uri"] == self.uri:
                    self.shown = message["params"]["diagnostics"]
            elif "result" in message or "error" in message:
                self._answers.put(message)

    def tell(self, method: str, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": message}).encode()
        self._send(body)

    def ask(self, method: str, **params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        self._send(body)
        return self._answers.get(timeout=SECONDS)["result"]

    def _send(self, body: bytes) -> None:
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def open(self, text: str, name: str = "") -> None:
        """Opens a document; `<cursor>` in it is taken out."""
        if self.uri:
            self.tell("textDocument/didClose", textDocument={"uri": self.uri})
        self.uri = (self.folder / (name or f"train_{len(self.uris)}.py")).as_uri()
        self.uris.append(self.uri)
        self.shown = None
        before, _, after = text.partition("<cursor>")
        self.text = before + after
        self.position = {"line": before.count("\n"), "character": len(before.split("\n")[-1])}
        item = {"uri": self.uri, "languageId": "python", "version": 1, "text": self.text}
        self.tell("textDocument/didOpen", textDocument=item)

    def replace(self, text: str, version: int) -> None:
        self.text = text
        which = {"uri": self.uri, "version": version}
        self.tell("textDocument/didChange", textDocument=which, contentChanges=[{"text": text}])

    def at_cursor(self, method: str, **params: Any) -> Any:
        params = {"position": self.position, **params}
        return self.ask(f"textDocument/{method}", textDocument={"uri": self.uri}, **params)

    def covered(self, span: dict[str, Any]) -> str:
        line = self.text.split("\n")[span["start"]["line"]]
        return line[span["start"]["character"] : span["end"]["character"]]

    def until_found(self, codes: list[str]) -> list[dict[str, Any]]:
        """Waits until exactly these findings of ours are shown; all that is shown."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            shown = self.shown
            if shown is not None:
                ours = [each["code"] for each in shown if each["source"] == "ckptls"]
                if ours == codes:
                    return shown
            time.sleep(0.02)
        raise AssertionError(f"shown {self.shown}, wanted {codes}")

    def server(self) -> int:
        """The process of our server below pylsp's."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for process in map(int, children.read_text().split()):
            if b"ckptls" in Path(f"/proc/{process}/cmdline").read_bytes():
                return process
        raise AssertionError("no server")

    def close(self) -> None:
        if self.process.poll() is None:
            self.ask("shutdown")
            self.tell("exit")
        self.process.wait(SECONDS)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One process for the tests that leave it and its folder as they were."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copy(EXAMPLE / "ckpts" / "vgg_16.ckpt.index", folder / "vgg_16.ckpt.index")
    client = Client(folder)
    yield client
    client.close()


@pytest.fixture
def pylsp(folder: Path) -> Iterator[Client]:
    client = Client(folder)
    yield client
    client.close()


def messages(shown: list[dict[str, Any]]) -> str:
    return "\n".join(each["message"] for each in shown)


def ours(shown: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [each for each in shown if each["source"] == "ckptls"]
    return found


def test_names_are_completed_with_their_shapes(shared):
    shared.open(READ.format("vgg_16/conv1/conv1_1/<cursor>"))
    shared.until_found(["unknown-variable"])
    items = shared.at_cursor("completion")["items"]
    item = next(each for each in items if each["label"] == "vgg_16/conv1/conv1_1/weights")
    assert item["detail"] == "float32 [3, 3, 3, 64]"
    assert shared.covered(item["textEdit"]["range"]) == "vgg_16/conv1/conv1_1/"


def test_an_item_is_documented_when_it_is_asked_for(shared):
    shared.open(READ.format("vgg_16/fc8/<cursor>"))
    shared.until_found(["unknown-variable"])
    items = shared.at_cursor("completion")["items"]
    item = next(each for each in items if each["label"] == "vgg_16/fc8/biases")
    resolved = shared.ask("completionItem/resolve", **item)
    assert "1,000 parameters" in resolved.pop("documentation")["value"]
    assert resolved == item


def test_items_of_others_are_documented_by_them(shared):
    shared.open("import collections\ncollections.OrderedD<cursor>")
    (item,) = shared.at_cursor("completion")["items"]
    resolved = shared.ask("completionItem/resolve", **item)
    assert "remembers insertion order" in resolved["documentation"]["value"]


def test_a_notebook_of_jupyterlab_is_read_where_it_lies_and_not_where_its_copy_does(shared):
    shared.open(READ.format("vgg_16/fc8/weigths"), ".virtual_documents/explore.ipynb")
    shared.until_found(["unknown-variable"])


def test_jupyterlab_which_has_no_process_is_told_whole_literals(folder):
    client = Client(folder, process=None)
    client.open(READ.format("vgg_16/conv1/conv1_1/w<cursor>"), ".virtual_documents/explore.ipynb")
    client.until_found(["unknown-variable"])
    (item,) = client.at_cursor("completion")["items"]
    assert (item["label"], item["insertText"]) == ("weights", "weights")
    assert item["filterText"] == "'vgg_16/conv1/conv1_1/weights"
    client.close()


def test_hover_tells_the_shape_and_leaves_code_to_jedi(shared):
    shared.open(READ.format("vgg_16/mean<cursor>_rgb") + "len('')\n")
    shared.until_found([])
    assert "float32 [3]" in shared.at_cursor("hover")["contents"]["value"]
    elsewhere = shared.at_cursor("hover", position={"line": 2, "character": 1})
    assert "len(" in str(elsewhere["contents"])


def test_a_slip_is_found_and_its_fix_mends_it(shared):
    shared.open(READ.format("vgg_16/fc8/weigths"))
    found = ours(shared.until_found(["unknown-variable"]))
    assert shared.covered(found["range"]) == "vgg_16/fc8/weigths"
    actions = shared.at_cursor("codeAction", range=found["range"], context={"diagnostics": [found]})
    action = next(each for each in actions if each.get("isPreferred"))
    (edit,) = action["edit"]["changes"][shared.uri]
    assert (shared.covered(edit["range"]), edit["newText"]) == (
        "vgg_16/fc8/weigths",
        "vgg_16/fc8/weights",
    )
    shared.replace(READ.format(edit["newText"]), 2)
    shared.until_found([])


def test_a_right_name_stays_silent_beside_what_others_find(shared):
    shared.open(READ.format("vgg_16/fc8/weights") + "x = undefined_name\n")
    assert "undefined_name" in messages(shared.until_found([]))


def test_definition_and_references_lead_to_the_places_in_code(shared):
    shared.open(
        HEAD + "w = tf.compat.v1.get_variable('vgg_16/mean_rgb', [3])\n"
        "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/mean<cursor>_rgb')\n"
    )
    shared.until_found([])
    (place,) = shared.at_cursor("definition")
    assert place["range"]["start"]["line"] == 1
    found = shared.at_cursor("references", context={"includeDeclaration": True})
    assert [each["range"]["start"]["line"] for each in found] == [1, 2]


def test_a_checkpoint_that_changes_brings_other_findings_by_itself(pylsp):
    pylsp.open(READ.format("vgg_16/fc9/weights") + "x = undefined_name\n")
    pylsp.until_found(["unknown-variable"])
    index = crafted.index([("vgg_16/fc9/weights", crafted.FLOAT, (1,))])
    (pylsp.folder / "vgg_16.ckpt.index").write_bytes(index)
    assert "undefined_name" in messages(pylsp.until_found([]))


def test_settings_of_pylsp_are_heeded(pylsp):
    pylsp.open(READ.format("vgg_16/fc8/weigths"))
    pylsp.until_found(["unknown-variable"])
    mine = {"plugins": {"ckptls": {"ignore": ["unknown-variable"]}}}
    pylsp.tell("workspace/didChangeConfiguration", settings={"pylsp": mine})
    pylsp.until_found([])


def test_an_odd_workspace_breaks_nothing(pylsp):
    (pylsp.folder / "vgg_16.ckpt.index").write_bytes(b"\x00" * 100)
    (pylsp.folder / "ckptls.toml").write_text("= broken")
    pylsp.open(READ.format("vgg_16/mean_rgb") + "x = undefined_name\n")
    assert "undefined_name" in messages(pylsp.until_found(["unreadable-checkpoint"]))


def test_modules_of_the_workspace_are_not_run(pylsp):
    evil = "open('was_run', 'w')\n"
    for name in ("ckptls.py", "pygls.py", "logging.py", "asyncio.py"):
        (pylsp.folder / name).write_text(evil)
    pylsp.open(READ.format("vgg_16/fc8/weigths"))
    pylsp.until_found(["unknown-variable"])
    assert not (pylsp.folder / "was_run").exists()


def test_a_server_that_is_killed_is_started_again_and_pylsp_goes_on(pylsp):
    pylsp.open(READ.format("vgg_16/fc8/weigths"))
    pylsp.until_found(["unknown-variable"])
    os.kill(pylsp.server(), 9)
    pylsp.replace(READ.format("vgg_16/fc8/weights") + "x = undefined_name\n", 2)
    assert "undefined_name" in messages(pylsp.until_found([]))
    pylsp.replace(READ.format("vgg_16/fc9/weigths"), 3)
    pylsp.until_found(["unknown-variable"])


def test_a_server_that_hangs_holds_pylsp_up_only_once(folder):
    pylsp = Client(folder, is_patient=False)
    pylsp.open(READ.format("vgg_16/mean<cursor>_rgb"))
    pylsp.until_found([])
    server = pylsp.server()
    os.kill(server, signal.SIGSTOP)
    try:
        pylsp.at_cursor("hover")
        # Who asks the server from now on is answered when it goes on, and not before.
        pylsp.patience.touch()
        for _ in range(5):
            pylsp.at_cursor("hover")
    finally:
        os.kill(server, signal.SIGCONT)
    deadline = time.monotonic() + SECONDS
    while "float32" not in str(pylsp.at_cursor("hover")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pylsp.close()


def test_server_process_starts_in_the_folder_of_the_package() -> None:
    # `-m` looks there first; a module of a workspace must not be taken for the server.
    assert Path(ckptls.__file__).parent == subprocess_client._PACKAGE
