"""What a file system of another machine is asked, and what it answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import blake2b
from typing import Any, Protocol

CONNECT_SECONDS = 5
READ_SECONDS = 15
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
    version: differs for other content; empty where the file system reports nothing of the kind.
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


def version_of(info: dict[str, Any]) -> tuple[str, int]:
    """(version, mtime in ns) from what a file system reports of a file; empty and 0 if unknown."""
    stated = {key: str(info[key]) for key in (*_VERSION_KEYS, *_TIME_KEYS) if info.get(key)}
    when = next((info[key] for key in _TIME_KEYS if info.get(key)), None)
    return (json.dumps(stated, sort_keys=True) if stated else ""), _nanoseconds(when)


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
