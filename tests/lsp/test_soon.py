"""Work that is asked for more often than it can be done."""

from __future__ import annotations

import asyncio

import pytest

from ckptls.lsp.soon import Rounds


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
