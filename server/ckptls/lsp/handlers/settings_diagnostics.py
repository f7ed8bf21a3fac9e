"""Findings in the files of settings themselves, published without being asked for."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from ckptls.features.diagnostics.settings_findings import configuration_findings
from ckptls.lsp.convert import to_proto
from ckptls.lsp.convert.views import View
from ckptls.lsp.session.connection import Server
from ckptls.lsp.session.documents import path_of
from ckptls.source.text.source_text import SourceText
from ckptls.workspace.settings import SETTING_FILES, read_settings_text


def registrations() -> list[types.Registration]:
    """Returns registrations for files of settings that a client opens, in any language."""
    selector = [types.TextDocumentFilterPattern(f"**/{name}") for name, _ in SETTING_FILES]
    whole = types.TextDocumentChangeRegistrationOptions(
        types.TextDocumentSyncKind.Incremental, selector
    )
    plain = types.TextDocumentRegistrationOptions(selector)
    return [
        types.Registration(f"ckptls-settings-{method.rpartition('/')[2]}", method, options)
        for method, options in (
            (types.TEXT_DOCUMENT_DID_OPEN, plain),
            (types.TEXT_DOCUMENT_DID_CHANGE, whole),
            (types.TEXT_DOCUMENT_DID_CLOSE, plain),
        )
    ]


async def report(ls: Server) -> None:
    """Publishes what is wrong in the settings of every folder, and takes back what was wrong and
    is not. Open files count as they are in the editor."""
    texts = await ls.session.scheduler.local_io.run(_read_texts, _paths(ls))
    found = {
        uri: _items(ls, uri, texts.get(path), keys) for uri, (path, keys) in _files(ls).items()
    }
    _publish(ls, {uri: items for uri, items in found.items() if items})


def report_open(ls: Server, uri: str) -> None:
    """As `report`, for one file that is open and was edited."""
    file = _files(ls).get(uri)
    if file is None:
        return
    now = {known: items for known, items in ls.session.published_settings.items() if known != uri}
    items = _items(ls, uri, None, file[1])
    _publish(ls, {**now, uri: items} if items else now)


def _paths(ls: Server) -> list[Path]:
    return [path for path, _ in _files(ls).values()]


def _read_texts(paths: list[Path]) -> dict[Path, str]:
    """Returns the texts of those files that can be read; from any thread."""
    texts = {}
    for path in paths:
        try:
            texts[path] = read_settings_text(path)
        except OSError:
            continue
    return texts


def _files(ls: Server) -> dict[str, tuple[Path, tuple[str, ...]]]:
    """Returns the files of settings of all folders, by the URIs that the client uses."""
    opened = {path_of(uri): uri for uri in ls.session.documents.settings}
    found = {}
    for folder in ls.session.workspace.folders:
        for name, keys in SETTING_FILES:
            path = folder.path / name
            found[opened.get(path) or path.as_uri()] = (path, keys)
    return found


def _publish(ls: Server, now: dict[str, list[types.Diagnostic]]) -> None:
    published = ls.session.published_settings
    for uri in {*published, *now}:
        if published.get(uri) != now.get(uri):
            version = ls.session.documents.versions.get(uri)
            params = types.PublishDiagnosticsParams(uri, now.get(uri, []), version)
            ls.text_document_publish_diagnostics(params)
    ls.session.published_settings = now


def _items(
    ls: Server, uri: str, saved: str | None, keys: tuple[str, ...]
) -> list[types.Diagnostic]:
    """Returns what is wrong in a file; `saved` is its text on the disk, None if it has none."""
    source = ls.session.documents.settings.get(uri)
    if source is None:
        if saved is None:
            return []
        source = SourceText(saved)
    client = ls.session.client
    view = View(uri, source, client.encoding)
    found = configuration_findings(source.text, keys)
    return to_proto.diagnostics(found, view, (view,), client)
