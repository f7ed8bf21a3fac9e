"""The file systems of other machines that are connected, one for each host or bucket."""

from __future__ import annotations

import threading

from ckptls.checkpoint.core.errors import CheckpointUnreachable, CheckpointUnsupported
from ckptls.checkpoint.storage import urls
from ckptls.checkpoint.storage.backend import System
from ckptls.checkpoint.storage.fsspec_backend import FsspecSystem
from ckptls.checkpoint.storage.remote_errors import library_missing

_MAX_SYSTEMS = 64
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
    """Connect to a file system again the next time: most of them read credentials only once."""
    with _lock:
        if url:
            _systems.pop(urls.parts(url)[0], None)
        else:
            _systems.clear()


def _connected(url: str) -> System:
    scheme = urls.scheme_of(url)
    try:
        if scheme in ("http", "https") and not urls.is_chained(url):
            from ckptls.checkpoint.storage.http_backend import WebServer

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
