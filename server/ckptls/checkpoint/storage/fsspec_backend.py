"""File systems of other machines: one class for all that fsspec knows.

`WebServer` in `http_backend` has the same three methods for HTTP, which is no file system.
Source: fsspec's documentation of AbstractFileSystem; s3fs; gcsfs.
"""

from __future__ import annotations

import logging
from typing import Any

from ckptls.checkpoint.storage import urls
from ckptls.checkpoint.storage.backend import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Status,
    version_of,
)

_ANSWER_SECONDS = 20  # for a question about a file, the library's own attempts included
_SLOWEST_BYTES = 64 * 1024  # a second, below which a fetch is given up


class FsspecSystem:
    """A file system of fsspec's."""

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        scheme = urls.scheme_of(url)
        options = {scheme: _options(scheme)}
        self._fs, _ = url_to_fs(urls.with_credentials(url), skip_instance_cache=True, **options)

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
        return str(self._fs._strip_protocol(urls.unchained(urls.with_credentials(url))))

    def _call(self, name: str, path: str, seconds: int, **options: Any) -> Any:
        """A method of the file system, given up after so many seconds where that is possible."""
        if getattr(self._fs, "async_impl", False):
            from fsspec.asyn import sync

            method = getattr(self._fs, f"_{name}")
            return sync(self._fs.loop, method, path, timeout=seconds, **options)
        return getattr(self._fs, name)(path, **options)


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
