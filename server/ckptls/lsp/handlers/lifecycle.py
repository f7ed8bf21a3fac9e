"""From `initialized` to `shutdown`: folders, settings, watched files, published findings."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ckptls.features.common.results import Finding
from ckptls.lsp.convert import to_proto
from ckptls.lsp.convert.views import View
from ckptls.lsp.handlers import settings_diagnostics
from ckptls.lsp.session import polling_watcher
from ckptls.lsp.session.connection import Server
from ckptls.lsp.session.documents import paths_of

logger = logging.getLogger(__name__)
_ANSWER_SECONDS = 2.0
_WATCHED = (
    *("**/*.index", "**/checkpoint", "**/*.ckpt", "**/_METADATA"),
    "**/*.{h5,hdf5,keras,safetensors,npz,pt,pth}",
    *("**/*.py", "**/ckptls.toml", "**/pyproject.toml"),
    *("**/*requirement*.{txt,in}", "**/{uv,poetry,pdm,Pipfile}.lock", "**/Pipfile"),
    *("**/pylock*.toml", "**/environment*.{yml,yaml}"),
)


def register(server: Server) -> None:
    """Handles notifications about the session, its folders and its files."""

    @server.feature(types.INITIALIZED)
    async def initialized(ls: Server, params: types.InitializedParams) -> None:
        # A client that does not answer must not delay the scan.
        asking = ls.session.start(_ask_client(ls))
        await asyncio.wait({asking}, timeout=_ANSWER_SECONDS)
        ls.session.start(ls.session.scan())
        ls.session.start(ls.session.watch())
        if not ls.session.client.watches_files:
            ls.session.start(polling_watcher.watch(ls.session))

    @server.feature(types.SHUTDOWN)
    def shutdown(ls: Server, params: Any) -> None:
        ls.session.shut_down()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(ls: Server, params: types.DidChangeConfigurationParams) -> None:
        if ls.session.client.configuration:
            await _load_editor_settings(ls)
        else:
            settings = params.settings
            ls.session.settings.use_editor(
                settings.get("ckptls", settings) if isinstance(settings, dict) else None
            )

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
        for folder in params.event.removed:
            ls.session.remove_folder(folder.uri)
        for folder in params.event.added:
            ls.session.add_folder(folder.uri)
        ls.session.settings_reporting.ask()
        await ls.session.scan()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
        paths = paths_of(change.uri for change in params.changes)
        if any(path.endswith(".toml") for path in paths):
            ls.session.settings_reporting.ask()
        kept = (each.uri for each in params.changes if each.type is types.FileChangeType.Changed)
        await ls.session.files_changed(paths, paths_of(kept))


async def _ask_client(ls: Server) -> None:
    await _load_editor_settings(ls)
    ls.session.settings_reporting.ask()
    await _register_watchers(ls)


async def _load_editor_settings(ls: Server) -> None:
    if not ls.session.client.configuration:
        return
    item = types.ConfigurationItem(section="ckptls")
    try:
        answer = await ls.workspace_configuration_async(types.ConfigurationParams([item]))
    except JsonRpcException as error:
        logger.warning("the client did not send its settings: %s", error)
        return
    ls.session.settings.use_editor(answer[0] if answer else None)


async def _register_watchers(ls: Server) -> None:
    registrations = []
    if ls.session.client.watches_files:
        options = types.DidChangeWatchedFilesRegistrationOptions(
            [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
        )
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registrations.append(types.Registration("ckptls-files", method, options))
    if ls.session.client.changes_configuration:
        registrations.append(
            types.Registration(
                "ckptls-settings",
                types.WORKSPACE_DID_CHANGE_CONFIGURATION,
                types.DidChangeConfigurationRegistrationOptions(section="ckptls"),
            )
        )
    if ls.session.client.syncs_dynamically:
        registrations += settings_diagnostics.registrations()
    if not registrations:
        return
    try:
        await ls.client_register_capability_async(types.RegistrationParams(registrations))
    except JsonRpcException as error:
        logger.warning("the client refused to watch files: %s", error)


def publish(ls: Server, views: tuple[View, ...], found: list[Finding]) -> None:
    """Publishes the findings of a program."""
    for view in views:
        items = to_proto.diagnostics(found, view, views, ls.session.client)
        ls.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(view.uri, items, view.version)
        )


async def refresh(ls: Server) -> None:
    """Asks the client to refresh what it shows."""
    client = ls.session.client
    asked = [
        ask(None)
        for ask, is_known in (
            (ls.workspace_diagnostic_refresh_async, client.pulls_diagnostics),
            (ls.workspace_code_lens_refresh_async, client.refreshes_lenses),
            (ls.workspace_inlay_hint_refresh_async, client.refreshes_hints),
            (ls.workspace_semantic_tokens_refresh_async, client.refreshes_tokens),
        )
        if is_known
    ]
    asked += [
        ls.workspace_text_document_content_refresh_async(
            types.TextDocumentContentRefreshParams(uri)
        )
        for uri in ls.session.outdated_listings()
    ]
    for answer in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(answer, Exception):
            logger.warning("a refresh failed: %s", answer)
