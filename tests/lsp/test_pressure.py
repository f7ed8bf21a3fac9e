"""A server under pressure: checkpoints that change all the time, huge files, endless typing.

CKPTLS_EDITS says how many edits the server's memory has to stay flat over.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkpoint import crafted
from lsp.wire import Message, Wire

EDITS = int(os.environ.get("CKPTLS_EDITS", "4000"))
ABLE: Message = {"textDocument": {"hover": {"contentFormat": ["markdown"]}}}
CODE = "import tensorflow as tf\ntf.train.load_variable('run.ckpt', 'net/step_0')\n"


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    with (tmp_path / "log").open("wb") as log:
        opened = Wire(stderr=log)
    write(tmp_path, 0)
    opened.start(ABLE, workspaceFolders=[{"uri": tmp_path.as_uri(), "name": ""}])
    yield opened
    opened.kill()
    told = (tmp_path / "log").read_text()
    print(told[-8000:])
    assert "Traceback" not in told


def write(folder: Path, step: int) -> None:
    """Replaces the checkpoint as a training run does: beside, then in its place."""
    content = crafted.index([(f"net/step_{step}", crafted.FLOAT, [step + 1])])
    beside = folder / "run.ckpt.index.tempstate"
    beside.write_bytes(content)
    beside.replace(folder / "run.ckpt.index")


def open_document(wire: Wire, uri: str, text: str) -> None:
    item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    wire.send(method="textDocument/didOpen", params={"textDocument": item})


def change(wire: Wire, uri: str, version: int, **edit: Any) -> None:
    document = {"uri": uri, "version": version}
    params = {"textDocument": document, "contentChanges": [edit]}
    wire.send(method="textDocument/didChange", params=params)


def at(uri: str, line: int, character: int) -> Message:
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
    }


def test_requests_go_on_while_a_checkpoint_is_replaced_every_100_ms(wire: Wire, tmp_path: Path):
    uri = (tmp_path / "train.py").as_uri()
    watched = {"changes": [{"uri": (tmp_path / "run.ckpt.index").as_uri(), "type": 2}]}
    open_document(wire, uri, CODE)
    done = threading.Event()
    steps = 0

    def train() -> None:
        nonlocal steps
        while not done.wait(0.1):
            steps += 1
            write(tmp_path, steps)
            wire.send(method="workspace/didChangeWatchedFiles", params=watched)

    training = threading.Thread(target=train)
    training.start()
    number = 0
    while number < 500 or steps < 20:
        number += 1
        wire.send(id=number, method="textDocument/completion", params=at(uri, 1, 38))
        assert "error" not in wire.answer(number)
        time.sleep(0.01)
    done.set()
    training.join()
    last = f"net/step_{steps}"
    wire.wait(lambda: last in labels(wire, uri), 60, f"{last} is not completed")


def labels(wire: Wire, uri: str) -> list[str]:
    identifier = f"last {time.monotonic_ns()}"
    wire.send(id=identifier, method="textDocument/completion", params=at(uri, 1, 38))
    answer = wire.answer(identifier)["result"]
    return [item["label"] for item in answer["items"]] if answer else []


def test_a_python_file_of_100_mb_is_survived(wire: Wire, tmp_path: Path):
    uri = (tmp_path / "train.py").as_uri()
    huge = (tmp_path / "huge.py").as_uri()
    with (tmp_path / "huge.py").open("wb") as stream:
        stream.write(CODE.encode() + b"x = 'vgg_16'  # ....\n" * 5_000_000)
    changes = [{"uri": huge, "type": 1}]
    wire.send(method="workspace/didChangeWatchedFiles", params={"changes": changes})
    open_document(wire, uri, "import huge\n" + CODE + "huge.load('run.ckpt')\n")
    wire.send(id=1, method="textDocument/hover", params=at(uri, 2, 38))
    assert "net/step_0" in str(wire.answer(1)["result"])
    open_document(wire, huge, (tmp_path / "huge.py").read_text())
    wire.send(id=2, method="textDocument/hover", params=at(huge, 1, 38))
    wire.answer(2, 120)
    change(wire, huge, 2, text="x")
    wire.send(id=3, method="textDocument/hover", params=at(uri, 2, 38))
    assert "net/step_0" in str(wire.answer(3, 120)["result"])


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_memory_is_flat_over_many_edits(wire: Wire, tmp_path: Path):
    uri = (tmp_path / "train.py").as_uri()
    open_document(wire, uri, CODE * 20)
    figures = []
    for number in range(EDITS):
        line, letter = 1 + number % 7, "abcdefg/'é😀\n"[number // 2 % 12]
        here = {"line": line, "character": 36}
        end = {"line": line, "character": 36 + len(letter.encode("utf-16-le")) // 2}
        if letter == "\n":
            end = {"line": line + 1, "character": 0}
        typed = {"end": here, "text": letter} if number % 2 == 0 else {"end": end, "text": ""}
        change(wire, uri, number, range={"start": here, "end": typed["end"]}, text=typed["text"])
        if number % 5 == 0:
            wire.send(id=number, method="textDocument/completion", params=at(uri, line, 37))
            wire.answer(number)
        if number % (EDITS // 20) == 0:
            wire.told.clear()
            figures.append(resident_kb(wire))
    print(f"resident MB over {EDITS} edits: {[each // 1024 for each in figures]}")
    # What is learnt and cached at first does not count.
    assert figures[-1] < figures[len(figures) // 4] * 1.05 + 2048


def resident_kb(wire: Wire) -> int:
    status = Path(f"/proc/{wire.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])
