"""Web servers are of all kinds, and none of them is a file system."""

from __future__ import annotations

import pytest

import ckptls
from checkpoint import crafted
from ckptls.checkpoint.core.errors import (
    CheckpointError,
    CheckpointIncomplete,
    CheckpointNotFound,
    CheckpointUnreachable,
)
from ckptls.checkpoint.storage import http_backend, urls
from remote.conftest import SECRET, VARIABLES
from remote.servers import Site

NAMES = tuple(sorted(name for name, *_ in VARIABLES))


def test_an_index_comes_from_a_server_without_ranges(web_tree: Site) -> None:
    web_tree.has_ranges = False
    assert ckptls.open(f"{web_tree.url}/lone/m").names == NAMES


def test_a_v1_file_comes_whole_from_a_server_without_ranges(site: Site) -> None:
    site.has_ranges = False
    site.files["/m.ckpt"] = crafted.v1(VARIABLES, [(b"\x00x\x00\x01\x00", bytes(3_000_000))])
    assert ckptls.open(f"{site.url}/m.ckpt").names == NAMES
    assert site.bodies() == ["/m.ckpt"], "it was fetched more than once"


def test_a_large_file_is_not_downloaded_for_its_header(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_backend, "MAX_WHOLE_BYTES", 1_000_000)
    site.has_ranges = False
    site.files["/m.ckpt"] = crafted.v1(VARIABLES, [(b"\x00x\x00\x01\x00", bytes(3_000_000))])
    with pytest.raises(CheckpointUnreachable, match="cannot send a part of a file"):
        ckptls.open(f"{site.url}/m.ckpt")


def test_a_server_may_not_know_head(web_tree: Site) -> None:
    web_tree.has_head = False
    assert ckptls.open(f"{web_tree.url}/run").prefix.endswith("/run/model.ckpt-100")


def test_a_server_may_not_tell_a_size(web_tree: Site) -> None:
    web_tree.has_lengths = web_tree.has_ranges = web_tree.has_head = False
    assert ckptls.open(f"{web_tree.url}/lone/m").names == NAMES


def test_a_server_may_send_another_place(web_tree: Site) -> None:
    web_tree.answers["/lone/m.index"] = 302
    web_tree.redirects["/lone/m.index"] = "/run/model.ckpt-9.index"
    assert ckptls.open(f"{web_tree.url}/lone/m").names == NAMES


def test_a_page_instead_of_a_404_is_no_file(web_tree: Site) -> None:
    web_tree.fallback = b"<html><a href='app.js'>the app</a></html>"
    assert ckptls.open(f"{web_tree.url}/run/model.ckpt-9").names == NAMES
    with pytest.raises(CheckpointNotFound):
        ckptls.open(f"{web_tree.url}/run/model.ckpt-8")


def test_another_part_than_was_asked_for_is_not_believed(site: Site) -> None:
    site.range_shift = 100
    site.files["/m.ckpt"] = crafted.v1(VARIABLES, [(b"\x00x\x00\x01\x00", bytes(300_000))])
    with pytest.raises(CheckpointUnreachable, match="another part"):
        ckptls.open(f"{site.url}/m.ckpt")


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (401, "access is refused: 401 Unauthorized"),
        (403, "access is refused: 403 Forbidden"),
        (500, "the server answers 500 Internal Server Error"),
        (503, "the server answers 503 Service Unavailable"),
    ],
)
def test_a_refusal_is_told_as_one(web_tree: Site, status: int, part: str) -> None:
    web_tree.answers["/lone/m.index"] = status
    with pytest.raises(CheckpointUnreachable) as error:
        ckptls.open(f"{web_tree.url}/lone/m")
    assert part in str(error.value)


def test_a_refusal_of_something_else_does_not_matter(web_tree: Site) -> None:
    web_tree.answers["/v1/vgg_16.ckpt.index"] = 403  # as S3 does for what is not there
    assert ckptls.open(f"{web_tree.url}/v1/vgg_16.ckpt").names == NAMES


def test_a_port_where_nobody_listens() -> None:
    with pytest.raises(CheckpointUnreachable, match="the server cannot be reached"):
        ckptls.open("http://127.0.0.1:9/m")


def test_a_server_that_does_not_answer_is_not_waited_for(
    web_tree: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_backend, "READ_SECONDS", 0.2)
    web_tree.wait_seconds = 1
    with pytest.raises(CheckpointUnreachable, match="did not answer in time"):
        ckptls.open(f"{web_tree.url}/lone/m")


def test_a_connection_that_breaks_off_is_told(web_tree: Site) -> None:
    web_tree.has_half_bodies = True
    with pytest.raises(CheckpointUnreachable, match="the connection broke off"):
        ckptls.open(f"{web_tree.url}/lone/m")


def test_a_file_that_shrinks_between_two_requests_is_incomplete(site: Site) -> None:
    site.files["/m.ckpt"] = crafted.v1(VARIABLES, [(b"\x00x\x00\x01\x00", bytes(300_000))])
    from ckptls.checkpoint.storage.filesystem import open_file

    with open_file(f"{site.url}/m.ckpt") as file:
        site.files["/m.ckpt"] = b"short"
        with pytest.raises(CheckpointIncomplete):
            file.read_at(200_000, 100)


def test_the_signature_of_a_link_is_sent_and_not_shown(web_tree: Site) -> None:
    query = f"X-Amz-Signature={SECRET}&expires=1"
    checkpoint = ckptls.open(f"{web_tree.url}/lone/m.index?{query}")
    assert checkpoint.names == NAMES
    assert checkpoint.prefix == f"{web_tree.url}/lone/m"
    assert SECRET not in repr((checkpoint, checkpoint.files, checkpoint.stamp))
    assert {request.query for request in web_tree.requests} == {query}


def test_a_signed_link_may_be_for_get_alone(web_tree: Site) -> None:
    web_tree.has_head = False
    assert ckptls.open(f"{web_tree.url}/v1/vgg_16.ckpt?sig={SECRET}").names == NAMES


@pytest.mark.parametrize("place", ["lone/n", "v1/none.ckpt", "bad/m", "forbidden", "broken"])
def test_no_message_shows_a_signature_or_a_password(web_tree: Site, place: str) -> None:
    web_tree.answers.update({"/forbidden": 403, "/forbidden.index": 403, "/broken.index": 500})
    address = web_tree.url.replace("//", f"//user:{SECRET}@")
    with pytest.raises(CheckpointError) as error:
        ckptls.open(f"{address}/{place}?token={SECRET}")
    assert SECRET not in "".join((str(error.value), repr(error.value), repr(error.value.args)))
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_password_in_the_address_is_sent(web_tree: Site) -> None:
    address = web_tree.url.replace("//", f"//user:{SECRET}@")
    assert ckptls.open(f"{address}/lone/m").prefix == f"{web_tree.url}/lone/m"
    assert all("authorization" in request.headers for request in web_tree.requests)


def test_credentials_of_netrc_are_the_file_systems_own(
    web_tree: Site, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login user password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    ckptls.open(f"{web_tree.url}/lone/m")
    assert all("authorization" in request.headers for request in web_tree.requests)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://bucket/m-?????-of-00002", "s3://bucket/m-?????-of-00002"),
        ("https://h/m-?????-of-00002", "https://h/m-?????-of-00002"),
        ("see https://u:p@h/m?sig=1 and more", "see https://h/m and more"),
        ("ftp://u:p@h/m", "ftp://h/m"),
        ("abfs://container@account/m", "abfs://container@account/m"),
        ("C:/models/m", "C:/models/m"),
    ],
)
def test_addresses_are_shown_without_their_secrets(text: str, shown: str) -> None:
    assert urls.redacted(text) == shown


@pytest.mark.parametrize(
    ("url", "directory", "name"),
    [
        ("s3://bucket/run/m", "s3://bucket/run", "m"),
        ("s3://bucket/m", "s3://bucket", "m"),
        ("s3://bucket", "s3://bucket", ""),
        ("s3://bucket/run/", "s3://bucket/run", ""),
        ("memory:///run/m", "memory:///run", "m"),
        ("http://[::1]:80/a/b", "http://[::1]:80/a", "b"),
        ("simplecache::s3://bucket/m", "simplecache::s3://bucket", "m"),
    ],
)
def test_addresses_are_split_and_joined(url: str, directory: str, name: str) -> None:
    assert urls.split(url) == (directory, name)
    assert urls.join(directory, name).rstrip("/") == url.rstrip("/")
