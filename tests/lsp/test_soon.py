"""Work that is asked for more often than it can be done."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from lsprotocol import types

from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.session.coalesce import Rounds
from ckptls.lsp.session.session import Session


@pytest.mark.asyncio
async def test_who_asks_during_a_round_shares_the_next_one():
    may_end = asyncio.Semaphore(0)
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        await may_end.acquire()

    rounds = Rounds(work, asyncio.ensure_future)
    first = asyncio.ensure_future(rounds.next())
    while not begun:
        await asyncio.sleep(0)
    others = [asyncio.ensure_future(rounds.next()) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert begun == 1
    may_end.release()
    await first
    assert not any(each.done() for each in others)
    may_end.release()
    await asyncio.gather(*others)
    assert begun == 2


@pytest.mark.asyncio
async def test_a_round_that_fails_does_not_keep_the_next_from_being_done():
    failures = [OSError("once")]

    async def work() -> None:
        if failures:
            raise failures.pop()

    started: list[asyncio.Task[None]] = []

    def start(coroutine) -> asyncio.Task[None]:
        started.append(asyncio.ensure_future(coroutine))
        return started[-1]

    rounds = Rounds(work, start)
    await rounds.next()
    await rounds.next()
    assert isinstance(started[0].exception(), OSError)
    assert started[1].exception() is None


@pytest.mark.asyncio
async def test_between_two_rounds_there_is_a_rest():
    now = asyncio.get_running_loop().time
    begun: list[float] = []
    ended: list[float] = []

    async def work() -> None:
        begun.append(now())
        await asyncio.sleep(0.02)
        ended.append(now())

    rounds = Rounds(work, asyncio.ensure_future, rest=3)
    await rounds.next()
    await rounds.next()
    assert begun[1] - ended[0] >= 2.9 * (ended[0] - begun[0])


@pytest.fixture
def session(folder: Path) -> Session:
    async def refresh() -> None:
        pass

    made = Session(lambda *_: None, refresh, Client(pulls_diagnostics=True))
    made.add_folder(folder.as_uri())
    return made


@pytest.mark.asyncio
async def test_a_known_checkpoint_that_is_overwritten_is_no_reason_to_look_for_others(
    session: Session, folder: Path
):
    (opened,) = session.workspace.folders
    await session.scan()
    known = opened.known
    assert len(known) == 1
    index = str(folder / "vgg_16.ckpt.index")
    other = shutil.copy(index, folder / "other.ckpt.index")
    await session.files_changed([index], kept=[index])
    assert opened.known == known
    await session.files_changed([str(other)], kept=[str(other)])
    assert len(opened.known) == 2


@pytest.mark.asyncio
async def test_findings_are_found_once_however_many_ask_for_them(session: Session, folder: Path):
    uri = (folder / "train.py").as_uri()
    code = "import tensorflow as tf\n"
    # So many that others have their turn before all are judged.
    code += "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n" * 1_000
    session.open(types.TextDocumentItem(uri, "python", 1, code))
    await asyncio.gather(*session.read([str(folder / "vgg_16.ckpt")]))
    several = await asyncio.gather(*(session.findings.of(uri) for _ in range(5)))
    assert len(several[0]) == 1_000
    assert all(each is several[0] for each in several)
