"""Work that is asked for more often than it can be done."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types

from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.session.op_queue import OpQueue
from ckptls.lsp.session.session import Session


@pytest.mark.asyncio
async def test_queue_runs_one_round_for_all_who_ask_during_another():
    may_end = asyncio.Semaphore(0)
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        await may_end.acquire()

    queue = OpQueue(work, asyncio.ensure_future)
    first = asyncio.ensure_future(queue.wait_for_next())
    while not begun:
        await asyncio.sleep(0)
    others = [asyncio.ensure_future(queue.wait_for_next()) for _ in range(5)]
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
async def test_queue_runs_the_next_round_after_one_that_fails():
    failures = [OSError("once")]

    async def work() -> None:
        if failures:
            raise failures.pop()

    started: list[asyncio.Task[None]] = []

    def start(coroutine) -> asyncio.Task[None]:
        started.append(asyncio.ensure_future(coroutine))
        return started[-1]

    queue = OpQueue(work, start)
    await queue.wait_for_next()
    await queue.wait_for_next()
    assert isinstance(started[0].exception(), OSError)
    assert started[1].exception() is None


@pytest.mark.asyncio
async def test_queue_rests_between_rounds():
    now = asyncio.get_running_loop().time
    begun: list[float] = []
    ended: list[float] = []

    async def work() -> None:
        begun.append(now())
        await asyncio.sleep(0.02)
        ended.append(now())

    queue = OpQueue(work, asyncio.ensure_future, rest=3)
    await queue.wait_for_next()
    await queue.wait_for_next()
    assert begun[1] - ended[0] >= 2.9 * (ended[0] - begun[0])


@pytest.mark.asyncio
async def test_queue_with_a_delay_runs_once_for_all_who_ask_within_it():
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1

    queue = OpQueue(work, asyncio.ensure_future, delay=0.02)
    tasks = [queue.ask() for _ in range(5)]
    await asyncio.gather(*tasks)
    assert begun == 1
    await queue.wait_for_next()
    assert begun == 2


@pytest_asyncio.fixture
async def session(folder: Path) -> Session:
    async def nothing() -> None:
        pass

    made = Session(lambda *_: None, nothing, nothing, Client(pulls_diagnostics=True))
    made.add_folder(folder.as_uri())
    return made


@pytest.mark.asyncio
async def test_session_does_not_scan_for_a_known_checkpoint_that_is_overwritten(
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
async def test_findings_are_found_once_for_all_who_ask(session: Session, folder: Path):
    uri = (folder / "train.py").as_uri()
    code = "import tensorflow as tf\n"
    # So many that others have their turn before all are judged.
    code += "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n" * 1_000
    session.open(types.TextDocumentItem(uri, "python", 1, code))
    await asyncio.gather(*session.read([str(folder / "vgg_16.ckpt")]))
    several = await asyncio.gather(*(session.findings.find(uri) for _ in range(5)))
    assert len(several[0]) == 1_000
    assert all(each is several[0] for each in several)
