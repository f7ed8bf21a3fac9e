"""The language server: what it offers, and where each request goes."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.exceptions import JsonRpcException

from ckptls.features.assigned import assigned_at
from ckptls.features.hover import hover
from ckptls.lsp import (
    actions,
    completions,
    configuration,
    contents,
    diagnostics,
    explanations,
    folding,
    hints,
    lenses,
    links,
    navigation,
    renaming,
    stdio,
    symbols,
    synchronization,
    to_lsp,
    tokens,
    watching,
    workspace_diagnostics,
)
from ckptls.lsp.client import Client
from ckptls.lsp.connection import Server, answered, asked_at
from ckptls.lsp.documents import paths_of

logger = logging.getLogger(__name__)
_ANSWER_SECONDS = 2.0
# So many names take long to compare with a pattern.
_MANY = 10_000
_WATCHED = (
    *("**/*.index", "**/checkpoint", "**/*.ckpt", "**/_METADATA"),
    "**/*.{h5,hdf5,keras,safetensors,npz,pt,pth}",
    *("**/*.py", "**/ckptls.toml", "**/pyproject.toml"),
)
# What is offered to the clients that know it, beside completion, hover and quick fixes.
_OFFERS = (
    *(diagnostics.offer, links.offer, navigation.offer, symbols.offer),
    *(contents.offer, hints.offer, lenses.offer, actions.offer),
    *(completions.offer, explanations.offer, renaming.offer, tokens.offer),
    *(workspace_diagnostics.offer, folding.offer),
)


def create_server() -> Server:
    """A server with all its features registered."""
    server = Server()
    _register_lifecycle(server)
    synchronization.register(server)
    _register_hover(server)
    return server


def _register_lifecycle(server: Server) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(ls: Server, params: types.InitializeParams) -> None:
        encoding = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
        ls.session.client = Client.of(params, str(getattr(encoding, "value", encoding)))
        folders = [folder.uri for folder in params.workspace_folders or ()]
        if not folders and params.root_uri:
            folders = [params.root_uri]
        for uri in folders:
            ls.session.add_folder(uri)
        for offer in _OFFERS:
            offer(ls)

    @server.feature(types.INITIALIZED)
    async def initialized(ls: Server, params: types.InitializedParams) -> None:
        # A client that does not answer must not keep us from looking around.
        asking = ls.session.start(_ask_client(ls))
        await asyncio.wait({asking}, timeout=_ANSWER_SECONDS)
        ls.session.start(ls.session.scan())
        ls.session.start(ls.session.watch())
        if not ls.session.client.watches_files:
            ls.session.start(watching.watch(ls.session))

    @server.feature(types.SHUTDOWN)
    def shutdown(ls: Server, params: Any) -> None:
        ls.session.shut_down()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(ls: Server, params: types.DidChangeConfigurationParams) -> None:
        if ls.session.client.configuration:
            await _load_editor_settings(ls)
        else:
            settings = params.settings
            ls.session.use_editor_settings(
                settings.get("ckptls", settings) if isinstance(settings, dict) else None
            )

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
        for folder in params.event.removed:
            ls.session.remove_folder(folder.uri)
        for folder in params.event.added:
            ls.session.add_folder(folder.uri)
        configuration.tell(ls)
        await ls.session.scan()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
        paths = paths_of(change.uri for change in params.changes)
        if any(path.endswith(".toml") for path in paths):
            configuration.tell(ls)
        await ls.session.files_changed(paths)


async def _ask_client(ls: Server) -> None:
    await _load_editor_settings(ls)
    configuration.tell(ls)
    await _register_watchers(ls)


async def _load_editor_settings(ls: Server) -> None:
    if not ls.session.client.configuration:
        return
    item = types.ConfigurationItem(section="ckptls")
    try:
        answer = await ls.workspace_configuration_async(types.ConfigurationParams([item]))
    except JsonRpcException as error:
        logger.warning("the client did not tell its settings: %s", error)
        return
    ls.session.use_editor_settings(answer[0] if answer else None)


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
        registrations += configuration.registrations()
    if not registrations:
        return
    try:
        await ls.client_register_capability_async(types.RegistrationParams(registrations))
    except JsonRpcException as error:
        logger.warning("the client refused to watch files: %s", error)


def _register_hover(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    @answered
    async def hovered(ls: Server, params: types.HoverParams) -> types.Hover | None:
        found = await asked_at(ls, params, is_patient=True)
        if found is None:
            return None
        assigned = assigned_at(found.cursor, found.binder.bind)
        if sum(map(len, found.binding.checkpoints)) > _MANY:
            answer = await ls.session.answering.run(hover, found.cursor, found.binding, assigned)
        else:
            answer = hover(found.cursor, found.binding, assigned)
        if answer is None:
            return None
        return to_lsp.hover(answer, found.view, ls.session.client)


def serve_stdio() -> int:
    """Serves one client over standard input and output; the exit code."""
    # The event loop must not be starved by a thread that decodes a large index.
    sys.setswitchinterval(0.001)
    server = create_server()
    server.ends_with_client = True
    return stdio.serve(server)


def serve_tcp(host: str, port: int) -> None:
    """Serves one client over TCP."""
    create_server().start_tcp(host, port)


def serve_ws(host: str, port: int) -> None:
    """Serves one client over a websocket."""
    create_server().start_ws(host, port)


__all__ = ["create_server", "serve_stdio", "serve_tcp", "serve_ws"]
