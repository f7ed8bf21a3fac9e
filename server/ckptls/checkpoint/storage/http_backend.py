"""Files on a web server, which is no file system: no directories, perhaps no byte ranges.

The connection is that of fsspec's HTTP file system, with its proxies and credentials; what
is asked over it is said here, because that one takes a server which ignores a range for
one that obeys.

Source: RFC 9110, sections 8.8 (validators), 9.3.2 (HEAD) and 14 (ranges).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from html import unescape
from typing import Any, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from ckptls.checkpoint.core.errors import CheckpointIncomplete, CheckpointUnreachable
from ckptls.checkpoint.storage import urls
from ckptls.checkpoint.storage.backend import CONNECT_SECONDS, READ_SECONDS, Status, version_of
from ckptls.checkpoint.storage.remote_errors import phrase, refused

# So much is fetched whole from a server that cannot send a part.
MAX_WHOLE_BYTES = 64 * 1024 * 1024
_MAX_PAGE_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 1 << 20
_LINK = re.compile(r"""<a\s[^<>]*?href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_TOTAL = re.compile(r"bytes (\d+)-\d+/(\d+)")
_Answer = TypeVar("_Answer")


class WebServer:
    """The web, as far as files can be fetched from it."""

    def __init__(self) -> None:
        import aiohttp
        from fsspec.config import conf
        from fsspec.implementations.http import HTTPFileSystem

        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
        )
        # `trust_env`: proxies of the environment, credentials of ~/.netrc.
        wanted: dict[str, Any] = {"timeout": limits, "trust_env": True}
        for scheme in ("http", "https"):
            wanted.update(conf.get(scheme, {}).get("client_kwargs", {}))
        self._fs = HTTPFileSystem(skip_instance_cache=True, client_kwargs=wanted)

    def status(self, url: str) -> Status | None:
        found = self._ask("HEAD", url, {}, _head_of)
        # Signed links are for GET alone; and some servers do not know HEAD, or tell no size.
        if found is None or (found is not _NOTHING and found.size is None):
            found = self._ask("GET", url, {"Range": "bytes=0-0"}, _head_of) or found
        return None if found is None or found is _NOTHING else found

    def names(self, url: str) -> dict[str, bool]:
        """The links of the page that a server may make of a directory."""
        return self._ask("GET", url.rstrip("/") + "/", {}, _links_of)

    def fetch(self, url: str, start: int, end: int) -> bytes:
        wanted = {"Range": f"bytes={start}-{end - 1}"}
        return self._ask("GET", url, wanted, lambda reply: _body_of(reply, start, end))

    def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        read: Callable[[Any], Awaitable[_Answer]],
    ) -> _Answer:
        """What `read` makes of the reply to a request."""
        from fsspec.asyn import sync

        options = dict(self._fs.kwargs)
        asked = {**options.pop("headers", {}), "Accept-Encoding": "identity", **headers}

        async def request() -> _Answer:
            session = await self._fs.set_session()
            address = self._fs.encode_url(urls.with_credentials(url))
            async with session.request(
                method, address, headers=asked, allow_redirects=True, **options
            ) as reply:
                if reply.status in (401, 403) and not _may_be_for_get_alone(method, url):
                    raise refused(url, phrase(reply.status))
                return await read(reply)

        answer: _Answer = sync(self._fs.loop, request)
        return answer


_NOTHING = Status(is_directory=False)


def _may_be_for_get_alone(method: str, url: str) -> bool:
    return method == "HEAD" and urls.with_credentials(url) != url


async def _head_of(reply: Any) -> Status | None:
    """What the headers say of a file; None if the request must be put in another way."""
    if reply.status in (404, 410):
        return _NOTHING
    if reply.method == "HEAD" and reply.status in (400, 401, 403, 405, 501):
        return None
    if reply.status != 416:  # an empty file has no first byte
        reply.raise_for_status()
    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html":  # a page that says so, instead of an honest 404
        return _NOTHING
    stated = {key: reply.headers.get(key) for key in ("ETag", "Content-MD5", "Last-Modified")}
    version, mtime_ns = version_of(stated)
    return Status(False, _size_of(reply), version, mtime_ns)


def _size_of(reply: Any) -> int | None:
    if reply.headers.get("Content-Encoding", "identity") not in ("identity", ""):
        return None
    stated = reply.headers.get("Content-Range", "").rpartition("/")[2]
    if reply.status not in (206, 416):
        stated = reply.headers.get("Content-Length", "")
    return int(stated) if stated.isdecimal() and len(stated) < 19 else None


async def _body_of(reply: Any, start: int, end: int) -> bytes:
    """The bytes asked for; the whole file where the server sends nothing less."""
    if reply.status == 416:
        raise CheckpointIncomplete("it has become shorter; it is being written")
    reply.raise_for_status()
    if reply.status == 206:
        place = _TOTAL.match(reply.headers.get("Content-Range", ""))
        if place is not None and int(place[1]) != start:
            raise CheckpointUnreachable("the server sends another part than it was asked for")
        return await _up_to(reply, end - start)
    size = _size_of(reply)
    if start == 0 and size == end:
        return await _up_to(reply, end)
    if size is not None and size > MAX_WHOLE_BYTES:
        raise CheckpointUnreachable(
            f"the server cannot send a part of a file, and the whole has {size:,} bytes"
        )
    body = await _up_to(reply, MAX_WHOLE_BYTES + 1)
    if len(body) > MAX_WHOLE_BYTES:
        raise CheckpointUnreachable("the server cannot send a part of a file, and it is large")
    return body


async def _up_to(reply: Any, limit: int) -> bytes:
    """At most `limit` bytes of a body, whatever is sent."""
    body = bytearray()
    while len(body) < limit:
        piece = await reply.content.read(min(_CHUNK_BYTES, limit - len(body)))
        if not piece:
            break
        body += piece
    return bytes(body)


async def _links_of(reply: Any) -> dict[str, bool]:
    kind = reply.headers.get("Content-Type", "text/html").partition(";")[0].strip().lower()
    if reply.status != 200 or kind != "text/html":
        return {}
    page = (await _up_to(reply, _MAX_PAGE_BYTES)).decode("utf-8", "replace")
    return _children(str(reply.url), _LINK.findall(page))


def _children(page: str, links: list[str]) -> dict[str, bool]:
    """Base names among links that lie right below the page, and whether they are directories."""
    base = urlsplit(page)
    names = {}
    for link in links:
        target = urlsplit(urljoin(page, unescape(link)))
        if target[:2] != base[:2] or target.query or not target.path.startswith(base.path):
            continue
        name = unquote(target.path[len(base.path) :])
        if name.strip("/") and "/" not in name.rstrip("/"):
            names[name.rstrip("/")] = name.endswith("/")
    return names
