"""The abilities of the client, read once from its `initialize` request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

# The option by which `pylsp_plugin` says that its client is jupyterlab-lsp.
REPLACES_LITERALS = "replacesLiterals"


@dataclass(frozen=True, slots=True)
class Client:
    """Abilities that change what is sent.

    text_contents: it shows documents of other schemes, whose text it requests from the server.
    pulls_diagnostics: it requests findings, and supports a refresh.
    syncs_dynamically: it supports dynamic registration for more kinds of documents.
    by_segments: it filters by the word before the cursor, which ends at a slash.
    replaces_literals: it replaces the whole string with the label, whatever edit is sent.
    retrigger: a command of the client that opens the completion list again, if it has one.
    interpreter: the Python that the user selected in the client, if it sends that.
    """

    encoding: str = types.PositionEncodingKind.Utf16.value
    markdown: bool = False
    label_details: bool = False
    insert_replace: bool = False
    default_edit_range: bool = False
    related_information: bool = False
    code_description: bool = False
    diagnostic_data: bool = False
    pulls_diagnostics: bool = False
    document_links: bool = False
    link_tooltips: bool = False
    definition: bool = False
    references: bool = False
    highlights: bool = False
    rename: bool = False
    prepares_rename: bool = False
    versioned_edits: bool = False
    semantic_tokens: bool = False
    folding: bool = False
    work_progress: bool = False
    document_symbols: bool = False
    nested_symbols: bool = False
    workspace_symbols: bool = False
    inlay_hints: bool = False
    code_lenses: bool = False
    refreshes_hints: bool = False
    refreshes_tokens: bool = False
    refreshes_lenses: bool = False
    notebooks: bool = False
    text_contents: bool = False
    shows_documents: bool = False
    configuration: bool = False
    watches_files: bool = False
    changes_configuration: bool = False
    syncs_dynamically: bool = False
    resolves_documentation: bool = False
    by_segments: bool = False
    replaces_literals: bool = False
    retrigger: str | None = None
    interpreter: str | None = None

    @classmethod
    def from_params(cls, params: types.InitializeParams, encoding: str) -> Client:
        """Returns the abilities of the client that sent these parameters."""
        data: Any = _Reader(params.capabilities)
        text = data.text_document
        item = text.completion.completion_item
        formats = text.hover.content_format.value or ()
        defaults = text.completion.completion_list.item_defaults.value or ()
        published, pulled = text.publish_diagnostics, text.diagnostic

        def in_diagnostics(ability: str) -> bool:
            return any(getattr(each, ability).value for each in (published, pulled))

        given = params.initialization_options
        options = given if isinstance(given, Mapping) else {}
        retrigger = options.get("retriggerCommand")
        by_segments = options.get("completionBySegments")
        interpreter = options.get("interpreter")
        return cls(
            encoding=encoding,
            markdown=types.MarkupKind.Markdown in formats,
            label_details=bool(item.label_details_support.value),
            insert_replace=bool(item.insert_replace_support.value),
            default_edit_range="editRange" in defaults,
            related_information=in_diagnostics("related_information"),
            code_description=in_diagnostics("code_description_support"),
            diagnostic_data=in_diagnostics("data_support"),
            pulls_diagnostics=pulled.value is not None
            and bool(data.workspace.diagnostics.refresh_support.value),
            document_links=text.document_link.value is not None,
            link_tooltips=bool(text.document_link.tooltip_support.value),
            definition=text.definition.value is not None,
            references=text.references.value is not None,
            highlights=text.document_highlight.value is not None,
            rename=text.rename.value is not None,
            prepares_rename=bool(text.rename.prepare_support.value),
            versioned_edits=bool(data.workspace.workspace_edit.document_changes.value),
            semantic_tokens=text.semantic_tokens.value is not None,
            folding=text.folding_range.value is not None,
            work_progress=bool(data.window.work_done_progress.value),
            document_symbols=text.document_symbol.value is not None,
            nested_symbols=bool(text.document_symbol.hierarchical_document_symbol_support.value),
            workspace_symbols=data.workspace.symbol.value is not None,
            inlay_hints=text.inlay_hint.value is not None,
            code_lenses=text.code_lens.value is not None,
            refreshes_hints=bool(data.workspace.inlay_hint.refresh_support.value),
            refreshes_tokens=bool(data.workspace.semantic_tokens.refresh_support.value),
            refreshes_lenses=bool(data.workspace.code_lens.refresh_support.value),
            notebooks=data.notebook_document.value is not None,
            text_contents=data.workspace.text_document_content.value is not None,
            shows_documents=bool(data.window.show_document.support.value),
            configuration=bool(data.workspace.configuration.value),
            watches_files=bool(data.workspace.did_change_watched_files.dynamic_registration.value),
            changes_configuration=bool(
                data.workspace.did_change_configuration.dynamic_registration.value
            ),
            syncs_dynamically=bool(text.synchronization.dynamic_registration.value),
            resolves_documentation="documentation" in (item.resolve_support.properties.value or ()),
            by_segments=by_segments
            if isinstance(by_segments, bool)
            else _filters_by_word(params.client_info),
            replaces_literals=_is_jupyterlab(params),
            retrigger=retrigger if isinstance(retrigger, str) else None,
            interpreter=interpreter if isinstance(interpreter, str) and interpreter else None,
        )


def _filters_by_word(client: types.ClientInfo | None) -> bool:
    """Whether a client replaces and compares only the text behind the last slash.

    Neovim up to 0.10 inserts an item there, whatever its edit says. Eglot compares that text with
    whole items, which the style `basic` never matches, and inserts their common prefix there.
    (Versions of 2022 and before do not send `clientInfo`.)
    """
    if client is None:
        return False
    if client.name.lower() == "eglot":
        return True
    if not client.name.lower().startswith("neovim"):
        return False
    found = re.match(r"v?(\d+)\.(\d+)", client.version or "")
    return found is not None and (int(found[1]), int(found[2])) < (0, 11)


def _is_jupyterlab(params: types.InitializeParams) -> bool:
    """Whether it is jupyterlab-lsp, which sends no name and no process, but a root."""
    options = params.initialization_options
    if isinstance(options, Mapping) and options.get(REPLACES_LITERALS) is True:
        return True
    said = (params.client_info, params.process_id, params.workspace_folders, options)
    return params.root_uri is not None and all(each is None for each in said)


class _Reader:
    """Walks down optional attributes; `value` is None where one of them is missing."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getattr__(self, name: str) -> _Reader:
        return _Reader(getattr(self.value, name, None))
