"""Addresses of files on other machines, as text: `s3://bucket/run/model.ckpt-100`.

What is secret in an address (a password, the query of a signed link) is taken off at the
door and kept here, so that no message can show it; it is put on again for the request.
"""

from __future__ import annotations

import os
import posixpath
import re

_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]+"  # two letters at least: `C:` is a drive
_URL = re.compile(rf"(?s)((?:{_SCHEME}::)*)({_SCHEME})://([^/]*)(.*)")
_INNER = re.compile(rf"::{_SCHEME}(?:::|://)")
# From the first character on that could be one of a scheme, so that none is looked at again.
_IN_TEXT = re.compile(rf"(?<![A-Za-z0-9+.-])([0-9+.-]*)({_SCHEME}://[^\s'\"<>`]*)")
_V1_PATTERN = re.compile(r"\?{4}-of-\d{5}")  # behind the first `?` of `m-?????-of-00004`
_MAX_KEPT = 4096

_queries: dict[str, str] = {}
_users: dict[str, str] = {}


def is_url(path: str) -> bool:
    """Whether a path is an address with a scheme, `file:` included."""
    return "://" in path and _URL.fullmatch(path) is not None


def scheme_of(url: str) -> str:
    """The scheme of the file system that holds the file: `s3` for `simplecache::s3://b/k`."""
    match = _URL.fullmatch(url)
    return match[2].lower() if match else ""


def is_chained(url: str) -> bool:
    """Whether it names several file systems: `simplecache::s3://b/k`, `zip://k::s3://b/z`."""
    match = _URL.fullmatch(url)
    return match is not None and (bool(match[1]) or is_in_archive(url))


def unchained(url: str) -> str:
    """The address without the file systems put before it: `s3://b/k` of `simplecache::s3://b/k`."""
    match = _URL.fullmatch(url)
    return url if match is None else url[len(match[1]) :]


def is_in_archive(url: str) -> bool:
    """Whether it names a file within a file, as `zip://k::s3://b/z` does."""
    return _INNER.search(url.partition("://")[2]) is not None


def local_path(url: str) -> str | None:
    """The path on this machine that a `file:` address means; None for any other address."""
    match = _URL.fullmatch(url)
    if match is None or match[1] or match[2].lower() != "file":
        return None
    if match[3] not in ("", "localhost"):
        return None
    # As TensorFlow does it: nothing in it is decoded.
    return match[4][1:] if re.match(r"/[A-Za-z]:[/\\]", match[4]) else match[4] or "/"


def parts(url: str) -> tuple[str, str]:
    """(up to the host or bucket, the path behind it, which is empty or begins with `/`)."""
    match = _URL.fullmatch(url)
    if match is None:
        return "", url
    return f"{match[1]}{match[2]}://{match[3]}", match[4]


def split(url: str) -> tuple[str, str]:
    """(directory, base name); the host or bucket itself has no base name."""
    root, path = parts(url)
    directory, _, name = path.rpartition("/")
    return root + directory.rstrip("/"), name


def join(directory: str, *names: str) -> str:
    """Names put behind a directory; one that is absolute stands for itself."""
    for name in names:
        if is_url(name) or name.startswith("/"):
            directory = name
        elif is_url(directory):
            directory = directory.rstrip("/") + "/" + name
        else:
            directory = os.path.join(directory, name)
    return directory


def normal(url: str) -> str:
    """The address without `.`, `..` and double slashes in its path."""
    root, path = parts(url)
    # Two leading slashes mean something to posixpath, and nothing here.
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return root + ("" if clean == "/" else clean)


def is_below(url: str, directory: str) -> bool:
    """Whether an address lies below a directory, whatever dots are in it."""
    if not (is_url(url) and is_url(directory)):
        return False
    if scheme_of(url) in ("http", "https"):
        from urllib.parse import unquote  # servers take `%2e%2e` for `..`

        url, directory = unquote(url), unquote(directory)
    return normal(url).startswith(normal(directory) + "/")


def without_credentials(url: str) -> str:
    """The address without its secrets, which are remembered for `with_credentials`."""
    user, url = _without_user(url)
    if user:
        _keep(_users, parts(url)[0], user)
    url, query = _without_query(url)
    if query:
        _keep(_queries, url, query)
        _keep(_queries, split(url)[0], query)
    return url


def with_credentials(url: str) -> str:
    """The address with the secrets that it, or its neighbours, came with."""
    if not (_users or _queries):
        return url
    url, own = _without_query(url)
    query = own or _queries.get(url) or _queries.get(split(url)[0], "")
    root, path = parts(url)
    user = _users.get(root)
    if user:
        start = root.index("://") + 3
        root = root[:start] + user + "@" + root[start:]
    return root + path + ("?" + query if query else "")


def redacted(text: str) -> str:
    """A text with the passwords and queries taken out of the addresses in it."""
    if "://" not in text:
        return text
    return _IN_TEXT.sub(
        lambda match: match[1] + _without_query(_without_user(match[2])[1])[0], text
    )


def _keep(store: dict[str, str], key: str, secret: str) -> None:
    while len(store) >= _MAX_KEPT:
        del store[next(iter(store))]
    store[key] = secret


def _without_user(url: str) -> tuple[str, str]:
    """(`user:password` or nothing, the address without it); a name alone is no secret."""
    match = _URL.fullmatch(url)
    if match is None:
        return "", url
    user, _, host = match[3].rpartition("@")
    if ":" not in user:
        return "", url
    return user, f"{match[1]}{match[2]}://{host}{match[4]}"


def _without_query(url: str) -> tuple[str, str]:
    """(the address without its query, the query); only HTTP has queries: `?` may be a pattern."""
    if scheme_of(url) not in ("http", "https"):
        return url, ""
    head, _, query = url.partition("?")
    if _V1_PATTERN.fullmatch(query):
        return url, ""
    return head, query
