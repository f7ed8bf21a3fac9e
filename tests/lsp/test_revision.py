"""Waiting for a change of what answers rest on."""

from __future__ import annotations

import asyncio

import pytest

from ckptls.lsp.session.revision import SURROUNDINGS, Input, Revision

pytestmark = pytest.mark.asyncio


async def test_number_counts_the_changes_of_its_inputs():
    revision = Revision()
    for changed in (Input.TEXT, Input.DISK, Input.DISK, Input.SETTINGS):
        revision.advance(changed)
    assert revision.number(Input.TEXT) == 1
    assert revision.number(*SURROUNDINGS) == 3
    assert revision.number(*Input) == 4


async def test_wait_ends_at_a_change_of_its_own_inputs_only():
    revision = Revision()
    number = revision.number(Input.TEXT)
    waiting = asyncio.ensure_future(revision.wait_beyond(number, Input.TEXT))
    revision.advance(Input.DISK)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    revision.advance(Input.TEXT)
    await asyncio.wait_for(waiting, 5)


async def test_wait_for_what_has_changed_already_ends_at_once():
    revision = Revision()
    number = revision.number(Input.DOCUMENTS)
    revision.advance(Input.DOCUMENTS)
    await asyncio.wait_for(revision.wait_beyond(number, Input.DOCUMENTS), 5)


async def test_change_wakes_all_who_wait():
    revision = Revision()
    waiting = [asyncio.ensure_future(revision.wait_beyond(0, Input.DISK)) for _ in range(3)]
    await asyncio.sleep(0)
    revision.advance(Input.DISK)
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
