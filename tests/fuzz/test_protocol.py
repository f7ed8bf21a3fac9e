"""Twenty thousand messages of clients that do everything wrong; see `peer` for the rules.

CKPTLS_FUZZ_MESSAGES says how many in all, CKPTLS_FUZZ_SEED where the chance begins. What fails
is kept under tests/fuzz/results, and the failure says how to run it again.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from fuzz import peer, peer_notebooks
from fuzz.peer_texts import Text

MESSAGES = int(os.environ.get("CKPTLS_FUZZ_MESSAGES", "20000"))
SEED = int(os.environ.get("CKPTLS_FUZZ_SEED", "1"))
EACH = 2_500


@pytest.mark.parametrize("seed", range(SEED, SEED + -(-MESSAGES // EACH)))
def test_every_request_is_answered_and_what_follows_is_as_if_nothing_had_been(seed: int) -> None:
    peer.session(seed, EACH)


def opened(text: str) -> peer.Step:
    item = {"uri": "FOLDER/a.py", "languageId": "python", "version": 1, "text": text}
    return ["send", {"method": "textDocument/didOpen", "params": {"textDocument": item}}]


def test_a_text_that_differs_from_what_the_server_was_told_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "import tensorflow as tf\ntf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n"
    able = peer.capabilities(1)
    peer.run([opened(text)], able, Random(1))
    other = {"FOLDER/a.py": (text.replace("weigths", "weights"), 1)}
    monkeypatch.setattr(peer, "documents", lambda steps, encoding: other)
    with pytest.raises(peer.BrokenRuleError, match="differ from those of a fresh server"):
        peer.run([opened(text)], able, Random(1), seconds=2)


def test_a_cell_that_differs_from_what_the_server_was_told_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def book(name: str) -> peer_notebooks.Book:
        whole = f"import tensorflow as tf\ntf.train.load_variable('vgg_16.ckpt', '{name}')\n"
        told = (Text(whole, "utf-16"), 1, "python")
        return peer_notebooks.Book([{"kind": 2, "document": "cell:1"}], {"cell:1": told})

    uri = peer_notebooks.URIS[0]
    steps = [["send", peer_notebooks.opening(uri, book("vgg_16/fc8/weigths"))]]
    able = peer.capabilities(1)
    peer.run(steps, able, Random(1))
    monkeypatch.setattr(peer, "notebooks", lambda *_: {uri: book("vgg_16/fc8/weights")})
    with pytest.raises(peer.BrokenRuleError, match="differ from those of a fresh server"):
        peer.run(steps, able, Random(1), seconds=2)


def test_a_traceback_in_the_log_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer.Connection, "log", lambda self: "Traceback (most recent call last)")
    with pytest.raises(peer.BrokenRuleError, match="failed in the log"):
        peer.run([opened("")], peer.capabilities(1), Random(1))
