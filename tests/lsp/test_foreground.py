"""Work in the background gives way to what a client waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from lsprotocol import types

from ckptls.lsp.protocol.foreground import Foreground


@asynccontextmanager
async def working(turns: Foreground) -> AsyncIterator[list[int]]:
    """Two tasks that take turns until the block ends, and what they do: their numbers."""
    done: list[int] = []

    async def work(number: int) -> None:
        while True:
            async with turns.turn():
                done.append(number)

    tasks = [asyncio.ensure_future(work(number)) for number in (1, 2)]
    yield done
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def pass_by(rounds: int = 20) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0)


# However slow the machine is: nothing in here waits for so long.
ENDLESS = 3600.0


@pytest.mark.asyncio
async def test_tasks_take_turns_one_in_each_round_of_the_loop():
    async with working(Foreground()) as done:
        await pass_by()
    assert set(done) == {1, 2}
    assert all(one != other for one, other in pairwise(done))
    assert len(done) <= 20


@pytest.mark.asyncio
async def test_no_turn_begins_while_a_hover_is_to_be_answered():
    turns = Foreground(ENDLESS)
    turns.begin("a", types.TEXT_DOCUMENT_HOVER)
    async with working(turns) as done:
        await pass_by()
        assert done == []
        turns.end("a")
        await wait_for_both(done)


async def wait_for_both(done: list[int]) -> None:
    while set(done) != {1, 2}:
        await asyncio.sleep(0.001)


@pytest.mark.asyncio
async def test_a_request_that_waits_for_findings_does_not_keep_them_waiting():
    turns = Foreground(ENDLESS)
    turns.begin("a", types.TEXT_DOCUMENT_DIAGNOSTIC)
    turns.begin("b", types.TEXT_DOCUMENT_CODE_ACTION)
    turns.begin("c", types.WORKSPACE_DIAGNOSTIC)
    async with working(turns) as done:
        await wait_for_both(done)


@pytest.mark.asyncio
async def test_no_turn_begins_while_a_message_is_read_and_not_handled():
    turns = Foreground(ENDLESS)
    turns.count_read()
    assert turns.is_busy and turns.idle_seconds == 0
    async with working(turns) as done:
        await pass_by()
        assert done == []
        turns.count_handled()
        await wait_for_both(done)
    assert not turns.is_busy


@pytest.mark.asyncio
async def test_a_request_that_is_never_answered_only_slows_the_work_down():
    turns = Foreground(most_seconds=0.001)
    turns.begin("a", types.TEXT_DOCUMENT_HOVER)
    async with working(turns) as done:
        await wait_for_both(done)
