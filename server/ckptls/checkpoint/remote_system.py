"""File systems of other machines: one class for all that fsspec knows.

`WebServer` in `remote_http` has the same three methods for HTTP, which is no file system.
Source: fsspec's documentation of AbstractFileSystem; s3fs; gcsfs.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import blake2b
from typing import Any, Protocol

from ckptls.checkpoint import urls
from ckptls.checkpoint.errors import CheckpointUnreachable, CheckpointUnsupported
from ckptls.checkpoint.remote_errors import library_missing

CONNECT_SECONDS = 5
READ_SECONDS = 15
_ANSWER_SECONDS = 20  # for a question about a file, the library's own attempts included
_SLOWEST_BYTES = 64 * 1024  # a second, below which a fetch is given up
_MAX_SYSTEMS = 64

# What may tell one version of a file from another, in the words of the several libraries.
_VERSION_WORDS = """ETag etag generation VersionId version_id md5Hash crc32c Content-MD5 Digest
checksum sha hex ino created"""
_TIME_WORDS = """mtime LastModified last_modified Last-Modified updated modified
modification_time modificationTime created"""
_VERSION_KEYS, _TIME_KEYS = tuple(_VERSION_WORDS.split()), tuple(_TIME_WORDS.split())


@dataclass(frozen=True, slots=True)
class Status:
    """What a file system says of one path.

    size: in bytes; None where it does not tell.
    version: differs for another content; empty where nothing is told that would.
    """

    is_directory: bool
    size: int | None = None
    version: str = ""
    mtime_ns: int = 0

    @property
    def version_number(self) -> int:
        """The version as a number of 63 bits; 0 if it is not known."""
        if not self.version:
            return 0
        return int.from_bytes(blake2b(self.version.encode(), digest_size=8).digest(), "big") >> 1


class System(Protocol):
    """Some file system. Whatever goes wrong is raised as the library raises it."""

    def status(self, url: str) -> Status | None:
        """What is at an address; None if nothing."""

    def names(self, url: str) -> dict[str, bool]:
        """Base names in a directory, and whether each is a directory itself."""

    def fetch(self, url: str, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`; all of the file if a part cannot be had."""


class FsspecSystem:
    """A file system of fsspec's."""

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        scheme = urls.scheme_of(url)
        options = {scheme: _options(scheme)}
        self._fs, _ = url_to_fs(urls.dressed(url), skip_instance_cache=True, **options)

    def status(self, url: str) -> Status | None:
        self._fs.invalidate_cache()
        try:
            info = self._call("info", self._path(url), seconds=_ANSWER_SECONDS)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if info.get("type") == "directory":
            return Status(is_directory=True)
        size = info.get("size")
        return Status(False, None if size is None else int(size), *version_of(info))

    def names(self, url: str) -> dict[str, bool]:
        self._fs.invalidate_cache()
        path = self._path(url)
        items = self._call("ls", path, seconds=2 * _ANSWER_SECONDS, detail=True)
        names = {}
        for item in items:
            full = str(item["name"]).rstrip("/")
            if full.strip("/") != path.strip("/"):  # the marker object of the directory itself
                names[full.rpartition("/")[2]] = item.get("type") == "directory"
        return names

    def fetch(self, url: str, start: int, end: int) -> bytes:
        seconds = 2 * _ANSWER_SECONDS + (end - start) // _SLOWEST_BYTES
        data = self._call("cat_file", self._path(url), seconds=seconds, start=start, end=end)
        return bytes(data)

    def _path(self, url: str) -> str:
        return str(self._fs._strip_protocol(urls.unchained(urls.dressed(url))))

    def _call(self, name: str, path: str, seconds: int, **options: Any) -> Any:
        """A method of the file system, given up after so many seconds where that is possible."""
        if getattr(self._fs, "async_impl", False):
            from fsspec.asyn import sync

            method = getattr(self._fs, f"_{name}")
            return sync(self._fs.loop, method, path, timeout=seconds, **options)
        return getattr(self._fs, name)(path, **options)


def version_of(info: dict[str, Any]) -> tuple[str, int]:
    """(version, mtime in ns) in what a file system tells of a file; empty and 0 if nothing."""
    told = {key: str(info[key]) for key in (*_VERSION_KEYS, *_TIME_KEYS) if info.get(key)}
    when = next((info[key] for key in _TIME_KEYS if info.get(key)), None)
    return (json.dumps(told, sort_keys=True) if told else ""), _nanoseconds(when)


def _nanoseconds(when: object) -> int:
    if isinstance(when, datetime):
        aware = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        return int(aware.timestamp() * 1e9)
    if isinstance(when, int | float):
        return int(when * 1e9)
    if isinstance(when, str):
        from email.utils import parsedate_to_datetime

        for parse in (datetime.fromisoformat, parsedate_to_datetime):
            try:
                return _nanoseconds(parse(when))
            except ValueError:
                continue
    return 0


def _options(scheme: str) -> dict[str, Any]:
    """Timeouts, and few attempts, for the libraries that are known; all else is theirs."""
    if scheme in ("s3", "s3a"):
        own = _configured(scheme, "config_kwargs")
        times = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
        return {"config_kwargs": {**times, "retries": {"max_attempts": 1}, **own}}
    if scheme in ("gs", "gcs"):
        import aiohttp

        # It logs at length what it also raises.
        logging.getLogger("gcsfs").addHandler(logging.NullHandler())
        limits = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
        return {"requests_timeout": limits}
    return {}


def _configured(scheme: str, option: str) -> dict[str, Any]:
    """A table of options that the user has configured for fsspec, which ours must not hide."""
    from fsspec.config import conf

    value = conf.get(scheme, {}).get(option)
    return dict(value) if isinstance(value, dict) else {}


_systems: dict[str, System] = {}
_lock = threading.Lock()


def system_of(url: str) -> System:
    """The file system that an address is in; one is kept for each host or bucket.

    Raises:
        CheckpointUnreachable: its library is missing, or nobody knows the scheme.
        CheckpointUnsupported: a file inside an archive.
    """
    root = urls.parts(url)[0]
    if urls.is_in_archive(url):
        raise CheckpointUnsupported("a checkpoint inside an archive is not read", url)
    with _lock:
        known = _systems.get(root)
        if known is None:
            while len(_systems) >= _MAX_SYSTEMS:
                del _systems[next(iter(_systems))]
            known = _systems[root] = _connected(url)
    return known


def forget(url: str = "") -> None:
    """Ask for a file system anew the next time: credentials are read once by most of them."""
    with _lock:
        if url:
            _systems.pop(urls.parts(url)[0], None)
        else:
            _systems.clear()


def _connected(url: str) -> System:
    scheme = urls.scheme_of(url)
    try:
        if scheme in ("http", "https") and not urls.is_chained(url):
            from ckptls.checkpoint.remote_http import WebServer

            return WebServer()
        return FsspecSystem(url)
    except ImportError as error:
        # fsspec's own words, where it was fsspec that missed a library.
        raise library_missing(url, None if error.name else str(error)) from None
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise
        what = f"fsspec knows no file system `{scheme}://`"
        raise CheckpointUnreachable(what, url) from None
