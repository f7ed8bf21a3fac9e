"""The capabilities of the server, as far as a client supports them.

They are sent before the handlers are loaded, so this module imports none of them.
"""

from __future__ import annotations

from lsprotocol import types

from ckptls.lsp.protocol.client_capabilities import Client

SCHEME = "ckptls"
EXPLAIN = "ckptls.explain"
SHOW_RESTORE = "ckptls.showRestore"
REWRITE = types.CodeActionKind.RefactorRewrite
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.ckptls"
# The modifiers are the standings of names in `features/tokens`.
LEGEND = types.SemanticTokensLegend(["variable", "namespace"], ["found", "unknown", "template"])
_TRIGGERS = ["'", '"', "/"]
_PYTHON = [types.NotebookCellLanguage("python")]
_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    [
        types.NotebookDocumentFilterWithNotebook(kind, cells=_PYTHON)
        for kind in ("jupyter-notebook", "interactive")
    ]
)


def capabilities(client: Client) -> types.ServerCapabilities:
    """Returns the capabilities for the answer to `initialize`.

    Quick fixes and the command `ckptls.explain` are sent to every client; those that do not
    know them ignore them.
    """
    sync = types.TextDocumentSyncOptions(
        open_close=True, change=types.TextDocumentSyncKind.Incremental, save=False
    )
    offered = types.ServerCapabilities(
        position_encoding=client.encoding,
        text_document_sync=sync,
        notebook_document_sync=_NOTEBOOKS if client.notebooks else None,
        completion_provider=types.CompletionOptions(
            trigger_characters=_TRIGGERS, resolve_provider=client.resolves_documentation or None
        ),
        hover_provider=True,
        code_action_provider=types.CodeActionOptions(
            [types.CodeActionKind.QuickFix, REWRITE, FIX_ALL]
        ),
        definition_provider=client.definition or None,
        references_provider=client.references or None,
        document_highlight_provider=client.highlights or None,
        document_symbol_provider=client.document_symbols or None,
        # Only listings are folded.
        folding_range_provider=(client.folding and client.text_contents) or None,
        execute_command_provider=types.ExecuteCommandOptions(
            [SHOW_RESTORE, EXPLAIN] if client.code_lenses else [EXPLAIN]
        ),
        workspace=_workspace_options(client),
    )
    if client.rename:
        prepared = types.RenameOptions(prepare_provider=True)
        offered.rename_provider = prepared if client.prepares_rename else True
    if client.document_links:
        offered.document_link_provider = types.DocumentLinkOptions(resolve_provider=False)
    if client.code_lenses:
        offered.code_lens_provider = types.CodeLensOptions(resolve_provider=False)
    if client.inlay_hints:
        offered.inlay_hint_provider = types.InlayHintOptions(resolve_provider=False)
    if client.workspace_symbols:
        offered.workspace_symbol_provider = types.WorkspaceSymbolOptions(resolve_provider=False)
    if client.semantic_tokens:
        offered.semantic_tokens_provider = types.SemanticTokensOptions(
            LEGEND, range=True, full=types.SemanticTokensFullDelta(delta=True)
        )
    if client.pulls_diagnostics:
        offered.diagnostic_provider = types.DiagnosticOptions(
            inter_file_dependencies=True, workspace_diagnostics=True, identifier="ckptls"
        )
    return offered


def _workspace_options(client: Client) -> types.WorkspaceOptions:
    options = types.WorkspaceOptions(
        types.WorkspaceFoldersServerCapabilities(supported=True, change_notifications=True)
    )
    if client.text_contents:
        options.text_document_content = types.TextDocumentContentOptions(schemes=[SCHEME])
    return options
