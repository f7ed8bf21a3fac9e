"""Findings in the files of settings themselves, told without being asked."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from ckptls.features.configuration import configuration_findings
from ckptls.lsp import to_lsp
from ckptls.lsp.connection import Server
from ckptls.lsp.views import View
from ckptls.source.text import SourceText
from ckptls.workspace.regular import regular
from ckptls.workspace.settings import SETTING_FILES


def tell(ls: Server) -> None:
    """Tells of every folder what is wrong in its settings; what was wrong and is not is taken
    back."""
    told = ls.session.told_settings
    now: dict[str, list[types.Diagnostic]] = {}
    for folder in ls.session.workspace.folders:
        for name, keys in SETTING_FILES:
            items = _items(ls, folder.path / name, keys)
            if items:
                now[(folder.path / name).as_uri()] = items
    for uri in {*told, *now}:
        if told.get(uri) != now.get(uri):
            params = types.PublishDiagnosticsParams(uri, now.get(uri, []))
            ls.text_document_publish_diagnostics(params)
    ls.session.told_settings = now


def _items(ls: Server, path: Path, keys: tuple[str, ...]) -> list[types.Diagnostic]:
    try:
        with open(path, encoding="utf-8", newline="", opener=regular) as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return []
    client = ls.session.client
    view = View(path.as_uri(), SourceText(text), client.encoding)
    return to_lsp.diagnostics(configuration_findings(text, keys), view, (view,), client)
