"""What the libraries of other file systems raise, as sentences without credentials.

Each of them has exceptions of its own; they are distinguished by name and by the status they
carry, so that none of the libraries has to be imported for it.
"""

from __future__ import annotations

from http import HTTPStatus

from ckptls.checkpoint.core.errors import CheckpointError, CheckpointNotFound, CheckpointUnreachable
from ckptls.checkpoint.core.printable import printable
from ckptls.checkpoint.storage import urls

_MAX_SHOWN = 200
# Scheme -> the library that speaks it, as far as `ckptls[remote]` brings it.
_LIBRARIES = {
    "http": "aiohttp",
    "https": "aiohttp",
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
}
_LOG_IN = {
    "s3fs": "log in as for the AWS tools, or set FSSPEC_S3_ANON=true for a public bucket",
    "gcsfs": "log in with `gcloud auth application-default login`",
    "aiohttp": "credentials for a web server belong into ~/.netrc",
}
_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"}
_TIMEOUTS = {"TimeoutError", "ConnectTimeoutError", "ReadTimeoutError", "Timeout"}
_BROKEN_OFF = {
    "ClientPayloadError",
    "IncompleteRead",
    "IncompleteReadError",
    "ResponseStreamingError",
    "ServerDisconnectedError",
    "ConnectionResetError",
}
_CONNECTIONS = {
    "ConnectionError",
    "ClientConnectionError",
    "EndpointConnectionError",
    "HTTPClientError",
    "gaierror",
    "ProxyError",
    "TransportError",
}


class CheckpointRefused(CheckpointUnreachable):
    """The server answers, and does not let us have this one; others it may."""


def translate_error(error: Exception, url: str) -> CheckpointError:
    """Return the error of a library as one of ours, about the address `url`."""
    if isinstance(error, CheckpointError):
        return error
    names = {kind.__name__ for kind in type(error).__mro__}
    status = _status_of(error)
    if isinstance(error, FileNotFoundError | NotADirectoryError) or status in (404, 410):
        return CheckpointNotFound(f"no file `{url}`", url)
    if names & _NO_CREDENTIALS:
        what = f"no credentials for {urls.scheme_of(url)}:// were found"
        return CheckpointUnreachable(what, url, hint=_log_in(url))
    if status in (401, 403) or isinstance(error, PermissionError) or _is_forbidden(error):
        return refused(url, _shown(error) if status is None else phrase(status))
    if "ClientConnectorCertificateError" in names or "SSLError" in names:
        return CheckpointUnreachable("the certificate of the server is not valid", url)
    if names & _TIMEOUTS:
        return CheckpointUnreachable("the server did not answer in time", url)
    if names & _BROKEN_OFF:
        return CheckpointUnreachable("the connection broke off", url)
    if names & _CONNECTIONS:
        return CheckpointUnreachable("the server cannot be reached", url)
    if status is not None:
        return CheckpointUnreachable(f"the server answers {phrase(status)}", url)
    return CheckpointUnreachable(f"{type(error).__name__}: {_shown(error)}", url)


def refused(url: str, reason: str) -> CheckpointRefused:
    """The error for a server that forbids; many do so for what is not there, too."""
    return CheckpointRefused(f"access is refused: {reason}", url, hint=_log_in(url))


def library_missing(url: str, advice: str | None = None) -> CheckpointUnreachable:
    """The error for a scheme whose library is not installed; `advice` is fsspec's own."""
    scheme = urls.scheme_of(url)
    library = _LIBRARIES.get(scheme)
    if library is None and advice:
        return CheckpointUnreachable(f"reading {scheme}:// needs a library", url, hint=advice)
    what = f"reading {scheme}:// needs {library or 'fsspec'}"
    return CheckpointUnreachable(what, url, hint="pip install 'ckptls[remote]'")


def phrase(status: int) -> str:
    """A status with its name, as in `503 Service Unavailable`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _status_of(error: Exception) -> int | None:
    for name in ("status", "code"):  # aiohttp's and gcsfs's
        value = getattr(error, name, None)
        if isinstance(value, int | str) and str(value).isdigit():
            return int(value)
    return None


def _is_forbidden(error: Exception) -> bool:
    return isinstance(error, OSError) and str(error).startswith("Forbidden")


def _log_in(url: str) -> str:
    return _LOG_IN.get(_LIBRARIES.get(urls.scheme_of(url), ""), "")


def _shown(error: Exception) -> str:
    """The first line of what a library says; it may quote what a server sent."""
    lines = urls.redacted(str(error)).strip().splitlines()
    text = lines[0][:_MAX_SHOWN] if lines else type(error).__name__
    return printable(text)
