"""Jobs in the lanes of the scheduler."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ckptls.lsp.session.scheduler import Lane, Scheduler

pytestmark = pytest.mark.asyncio


async def begun(what: threading.Event) -> None:
    while not what.is_set():
        await asyncio.sleep(0.001)


async def test_lane_returns_and_raises_what_a_job_does():
    lane = Lane("test", 1)
    assert await lane.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await lane.run(divmod, 7, 0)
    assert await lane.run(threading.current_thread) is not threading.current_thread()


async def test_lane_runs_no_more_jobs_at_a_time_than_it_is_wide():
    lane, lock, may_end = Lane("test", 2), threading.Lock(), threading.Event()
    running = most = 0

    def job() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        may_end.wait(10)
        with lock:
            running -= 1

    jobs = [asyncio.ensure_future(lane.run(job)) for _ in range(6)]
    while running < 2:
        await asyncio.sleep(0.001)
    may_end.set()
    await asyncio.gather(*jobs)
    assert most == 2


async def test_lane_keeps_the_place_of_a_cancelled_job_until_its_thread_ends():
    lane, has_begun, may_end = Lane("test", 1), threading.Event(), threading.Event()

    def job() -> None:
        has_begun.set()
        may_end.wait(10)

    first = asyncio.ensure_future(lane.run(job))
    await begun(has_begun)
    first.cancel()
    second_has_begun = threading.Event()
    second = asyncio.ensure_future(lane.run(second_has_begun.set))
    await asyncio.sleep(0.02)
    assert not second_has_begun.is_set()
    may_end.set()
    await second
    assert second_has_begun.is_set()


async def test_lane_never_begins_a_job_that_is_cancelled_while_it_waits():
    lane, has_begun, may_end = Lane("test", 1), threading.Event(), threading.Event()

    def job() -> None:
        has_begun.set()
        may_end.wait(10)

    first = asyncio.ensure_future(lane.run(job))
    await begun(has_begun)
    cancelled_has_begun = threading.Event()
    waiting = asyncio.ensure_future(lane.run(cancelled_has_begun.set))
    await asyncio.sleep(0)
    waiting.cancel()
    may_end.set()
    await first
    await lane.run(int)
    assert not cancelled_has_begun.is_set()


async def test_modules_and_answers_do_not_wait_behind_checkpoints_and_folders():
    scheduler, may_end = Scheduler(), threading.Event()
    busy = (scheduler.local_io, scheduler.remote_io, scheduler.folders)
    jobs = [asyncio.ensure_future(lane.run(may_end.wait, 10)) for lane in busy for _ in range(20)]
    await asyncio.sleep(0)
    for lane in (scheduler.module_io, scheduler.cpu):
        assert await asyncio.wait_for(lane.run(int), 5) == 0
    may_end.set()
    await asyncio.gather(*jobs)


async def test_scheduler_reads_other_machines_in_a_lane_of_their_own():
    scheduler = Scheduler()
    assert scheduler.lane_of("/data/model.ckpt") is scheduler.local_io
    assert scheduler.lane_of("gs://bucket/model.ckpt") is scheduler.remote_io
