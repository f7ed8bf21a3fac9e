"""What was fetched from other machines, on this one's disk, for as long as it is valid.

An entry is a stretch of one version of one file. Each is a file of its own, written under
a temporary name and renamed, so that processes can share the folder; it begins with a
digest of what it should hold, and is thrown away if it holds something else. The entries
used longest ago go first when the folder is full.

`CKPTLS_CACHE_DIR` puts it elsewhere, `CKPTLS_CACHE_MB` changes its size; 0 is none at all.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from hashlib import blake2b

from ckptls.checkpoint.core.home_path import expanded_home
from ckptls.checkpoint.storage.open_regular import read_regular

DEFAULT_MB = 256
_DIGEST_BYTES = 32
_TEMPORARY = ".tmp-"
_STALE_SECONDS = 3600
_TOUCH_SECONDS = 60  # an entry read again within this time is not marked as used once more
_LOOKS = 16  # the folder is looked at again after this part of its size was written
_FULLEST = 8  # no entry takes more than this part of the whole
_ROOM = 0.9  # how full it is left after making room


def read(url: str, version: str, start: int, end: int, size: int) -> bytes | None:
    """The bytes from `start` to `end` of a version of a file of `size` bytes, if they are here."""
    data = _entry(_key(url, version, start, end), end - start)
    if data is not None and len(data) == end - start:
        return data
    if (start, end) == (0, size):
        return None
    whole = _entry(_key(url, version, 0, size), size)
    return whole[start:end] if whole is not None and len(whole) == size else None


def write(url: str, version: str, start: int, data: bytes) -> None:
    """Keep a stretch of a version of a file; does nothing where the disk does not let us."""
    limit = limit_bytes()
    if len(data) > limit // _FULLEST:
        return
    place = folder()
    key = _key(url, version, start, start + len(data))
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        _make_room(place, limit, len(data))
        _put(place, key, _digest(key, data) + data)
    except OSError:
        return  # a full disk, a home that is not ours: then without


def _put(place: str, key: str, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=place)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, os.path.join(place, key))
    except OSError:
        os.unlink(temporary)
        raise


def folder() -> str:
    """Where the entries lie."""
    given = os.environ.get("CKPTLS_CACHE_DIR")
    if given:
        return os.path.join(expanded_home(given), "remote")
    if os.path.isabs(os.environ.get("XDG_CACHE_HOME", "")):
        base = os.environ["XDG_CACHE_HOME"]
    elif sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or expanded_home(r"~\AppData\Local")
    elif sys.platform == "darwin":
        base = expanded_home("~/Library/Caches")
    else:
        base = expanded_home("~/.cache")
    return os.path.join(base, "ckptls", "remote")


def limit_bytes() -> int:
    """How much may lie there; a number that is none does not count."""
    try:
        return max(0, int(os.environ.get("CKPTLS_CACHE_MB", DEFAULT_MB))) * 1_000_000
    except ValueError:
        return DEFAULT_MB * 1_000_000


def _key(url: str, version: str, start: int, end: int) -> str:
    text = "\0".join((url, version, str(start), str(end)))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def _digest(key: str, data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES, key=key.encode()).digest()


def _entry(key: str, num_bytes: int) -> bytes | None:
    """What is kept under a key, which is to be so many bytes; None if it is not there."""
    path = os.path.join(folder(), key)
    try:
        content = read_regular(path, num_bytes + _DIGEST_BYTES)
        age = time.time() - os.stat(path).st_mtime
        data = content[_DIGEST_BYTES:]
        if content[:_DIGEST_BYTES] != _digest(key, data):
            os.unlink(path)
            return None
        if age > _TOUCH_SECONDS:
            os.utime(path)
    except OSError:
        return None
    return data


class _Usage:
    """How much lies in a folder, as far as this process knows."""

    place = ""
    used_bytes = 0
    until_bytes = 0


def _make_room(place: str, limit: int, coming_bytes: int) -> None:
    """Drop the oldest entries if the folder is full; looks only now and then, as others write."""
    if _Usage.place != place or _Usage.used_bytes >= _Usage.until_bytes:
        _Usage.used_bytes = _swept(place, limit - coming_bytes)
        _Usage.until_bytes = min(limit, _Usage.used_bytes + limit // _LOOKS)
        _Usage.place = place
    _Usage.used_bytes += coming_bytes + _DIGEST_BYTES


def _swept(place: str, limit: int) -> int:
    """How many bytes lie in a folder, after what is too much in it was dropped."""
    entries = []
    with os.scandir(place) as items:
        for item in items:
            try:
                status = item.stat(follow_symlinks=False)
            except FileNotFoundError:  # another process makes room as well
                continue
            if not item.name.startswith(_TEMPORARY):
                entries.append((status.st_mtime_ns, status.st_size, item.path))
            elif time.time() - status.st_mtime > _STALE_SECONDS:
                _drop(item.path)
    total = sum(size for _, size, _ in entries)
    if total <= limit:
        return total
    for _, size, path in sorted(entries):
        if total <= limit * _ROOM:
            break
        _drop(path)
        total -= size
    return total


def _drop(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # another process was faster, or is reading it
