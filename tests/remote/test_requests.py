"""What is fetched: little, in few requests, and nothing twice that did not change."""

from __future__ import annotations

from pathlib import Path

import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT
from ckptls.checkpoint.core.errors import CheckpointIncomplete
from ckptls.checkpoint.storage.filesystem import open_file, stamp_of
from remote.conftest import LARGE_BYTES, VARIABLES, Bucket
from remote.servers import Request, Site

SMALL_BYTES = 100_000


def test_of_a_v1_file_on_s3_only_a_few_kilobytes_are_fetched(s3: Bucket, large_v1: bytes) -> None:
    s3.put("vgg_16.ckpt", large_v1)
    s3.requests.clear()
    assert ckptls.list_variables("s3://bucket/vgg_16.ckpt")[1][1] == [1, 1, 4096, 1000]
    sent = sum(request.sent_bytes for request in s3.requests)
    assert 0 < sent < SMALL_BYTES < LARGE_BYTES


def test_of_a_v1_file_on_the_web_only_a_few_kilobytes_are_fetched(
    site: Site, large_v1: bytes
) -> None:
    site.files["/vgg_16.ckpt"] = large_v1
    assert len(ckptls.open(f"{site.url}/vgg_16.ckpt")) == len(VARIABLES)
    assert 0 < site.sent_bytes < SMALL_BYTES


def test_of_a_v1_file_at_google_only_a_few_kilobytes_are_fetched(
    google_tree: tuple[dict[str, bytes], list[Request]], large_v1: bytes
) -> None:
    objects, requests = google_tree
    objects["vgg_16.ckpt"] = large_v1
    assert len(ckptls.open("gs://bucket/vgg_16.ckpt")) == len(VARIABLES)
    assert 0 < sum(request.sent_bytes for request in requests) < SMALL_BYTES


def test_of_a_v2_checkpoint_only_the_index_is_fetched(s3_tree: Bucket) -> None:
    ckptls.open("s3://bucket/run/model.ckpt-100.data-00000-of-00001")
    assert s3_tree.bodies() == ["run/model.ckpt-100.index"]


def test_an_index_takes_one_fetch_and_few_questions(web_tree: Site) -> None:
    ckptls.open(f"{web_tree.url}/run/model.ckpt-9")
    assert [request.method for request in web_tree.requests] == ["HEAD", "HEAD", "GET", "HEAD"]


def test_a_file_that_did_not_change_is_not_fetched_again(s3_tree: Bucket) -> None:
    first = ckptls.open("s3://bucket/run")
    assert s3_tree.bodies() == ["run/checkpoint", "run/model.ckpt-100.index"]
    s3_tree.requests.clear()
    again = ckptls.open("s3://bucket/run")
    assert s3_tree.bodies() == []
    assert s3_tree.requests, "it was not even asked whether it changed"
    assert again.shapes() == first.shapes()
    assert again.stamp == first.stamp


def test_a_file_that_changed_is_seen_at_once(s3_tree: Bucket) -> None:
    first = ckptls.open("s3://bucket/lone/m")
    s3_tree.put("lone/m.index", crafted.index([("other", FLOAT, [7])]))
    again = ckptls.open("s3://bucket/lone/m")
    assert again.names == ("other",)
    assert again.stamp != first.stamp


def test_a_change_that_keeps_the_size_is_seen(google_tree) -> None:
    objects, _ = google_tree
    assert "new" in ckptls.open("gs://bucket/run").names
    objects["run/model.ckpt-100.index"] = crafted.index([*VARIABLES, ("old", FLOAT, [2])])
    assert "old" in ckptls.open("gs://bucket/run").names


def test_the_state_file_of_a_run_is_followed_to_the_next_step(s3_tree: Bucket) -> None:
    ckptls.open("s3://bucket/run")
    s3_tree.put("run/checkpoint", b'model_checkpoint_path: "model.ckpt-9"\n')
    assert ckptls.open("s3://bucket/run").prefix == "s3://bucket/run/model.ckpt-9"


def test_the_web_is_cached_by_its_validators(web_tree: Site) -> None:
    address = f"{web_tree.url}/lone/m"
    ckptls.open(address)
    web_tree.requests.clear()
    ckptls.open(address)
    assert web_tree.bodies() == []
    web_tree.files["/lone/m.index"] = crafted.index([("other", FLOAT, [7])])
    assert ckptls.open(address).names == ("other",)


def test_without_validators_nothing_is_kept(web_tree: Site, surroundings: Path) -> None:
    web_tree.has_validators = False
    address = f"{web_tree.url}/lone/m"
    ckptls.open(address)
    ckptls.open(address)
    assert web_tree.bodies() == ["/lone/m.index"] * 2
    assert not surroundings.exists()


def test_many_small_reads_are_few_requests(site: Site) -> None:
    content = bytes(range(256)) * 8192
    site.files["/m.data"] = content
    with open_file(f"{site.url}/m.data") as file:
        pieces = [file.read_at(offset, 512) for offset in range(0, len(content), 512)]
    assert b"".join(pieces) == content
    assert len(site.bodies()) < 8
    assert site.sent_bytes == len(content)


def test_reads_here_and_there_fetch_what_they_need(site: Site) -> None:
    content = bytes(range(256)) * 40_000
    site.files["/m.data"] = content
    places = [9_999_999, 0, 5_000_000, 16_384 * 3 - 10, 123_456, 5_000_000]
    with open_file(f"{site.url}/m.data") as file:
        for place in places:
            assert file.read_at(place, 40) == content[place : place + 40]
    assert len(site.bodies()) == 5
    assert site.sent_bytes < 120_000


def test_a_large_read_is_one_request_for_exactly_that(site: Site) -> None:
    content = bytes(range(256)) * 40_000
    site.files["/m.data"] = content
    with open_file(f"{site.url}/m.data") as file:
        assert file.read_at(1_000_001, 5_000_000) == content[1_000_001:6_000_001]
    assert len(site.bodies()) == 1
    assert site.sent_bytes == 5_000_000


def test_nothing_is_read_behind_the_end(site: Site) -> None:
    site.files["/m.data"] = bytes(100)
    with open_file(f"{site.url}/m.data") as file:
        assert file.read_at(100, 0) == b""
        with pytest.raises(CheckpointIncomplete, match="it ended early"):
            file.read_at(90, 11)


def test_a_file_that_changes_while_it_is_read_is_told(site: Site) -> None:
    site.files["/m.data"] = bytes(1_000_000)
    with open_file(f"{site.url}/m.data") as file:
        file.read_at(0, 10)
        file.check_unchanged()
        site.files["/m.data"] = b"1" * 1_000_000
        with pytest.raises(CheckpointIncomplete, match="it changed while it was read"):
            file.check_unchanged()


def test_a_stamp_has_address_time_size_and_version(s3_tree: Bucket) -> None:
    path, mtime_ns, size, version = stamp_of("s3://bucket/lone/m.index") or ("", 0, 0, 0)
    assert path == "s3://bucket/lone/m.index"
    assert mtime_ns > 1_700_000_000_000_000_000
    assert size == len(crafted.index(VARIABLES, crafted.SNAPPY))
    assert version > 0
    assert stamp_of("s3://bucket/lone/none") is None
    assert stamp_of("s3://bucket/lone") is None
