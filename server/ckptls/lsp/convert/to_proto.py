"""Converts results of features to types of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lsprotocol import types
from pygls.uris import from_fs_path

from ckptls.checkpoint.core.printable import printable
from ckptls.features.common.results import (
    Completion,
    Finding,
    Hover,
    Item,
    ItemKind,
    Related,
)
from ckptls.lsp.convert.jupyterlab_completion import Literal
from ckptls.lsp.convert.views import View, location
from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.protocol.language_server_protocol import Ready
from ckptls.pages import page_of
from ckptls.source.text.source_text import Span

SOURCE_NAME = "ckptls"
_KINDS = {
    ItemKind.SCOPE: int(types.CompletionItemKind.Module),
    ItemKind.VARIABLE: int(types.CompletionItemKind.Variable),
    ItemKind.CHECKPOINT: int(types.CompletionItemKind.File),
}


def completion_list(
    completion: Completion,
    view: View,
    here: types.Position,
    client: Client,
    literal: Literal | None = None,
) -> Ready:
    """Returns the items, each replacing the whole text between the quotes; `literal` is for a
    client that ignores edits.

    The `CompletionList` is JSON already, because it is long and needed at each keystroke.
    """
    replaced = _json_range(view.range(completion.replaced))
    end = {"line": here.line, "character": here.character}
    spans: dict[str, Any] = {"range": replaced}
    if client.insert_replace:
        spans = {"insert": {"start": replaced["start"], "end": end}, "replace": replaced}
    items = [_item(item, index, spans, client) for index, item in enumerate(completion.items)]
    if literal is not None:
        for item in items:
            label = item["label"]
            item["insertText"] = literal.insert_text(label)
            item["filterText"] = literal.filter_text(label)
    answer: dict[str, Any] = {"isIncomplete": completion.is_incomplete, "items": items}
    if client.default_edit_range:
        edit_range = spans if client.insert_replace else replaced
        answer["itemDefaults"] = {"editRange": edit_range}
    return Ready(answer)


def _json_range(span: types.Range) -> dict[str, dict[str, int]]:
    return {
        side: {"line": place.line, "character": place.character}
        for side, place in (("start", span.start), ("end", span.end))
    }


def _item(item: Item, index: int, spans: dict[str, Any], client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "label": item.label,
        "kind": _KINDS[item.kind],
        "detail": printable(item.detail),
        "sortText": f"{index:03}",
        "filterText": item.label,
    }
    if not client.default_edit_range:
        answer["textEdit"] = {"newText": item.label, **spans}
    if client.label_details:
        answer["labelDetails"] = {"detail": "  " + item.summary}
    if client.resolves_documentation and item.name:
        answer["data"] = [item.checkpoint, item.name]
    if item.continues and client.retrigger is not None:
        answer["command"] = {"title": "Complete what follows", "command": client.retrigger}
    return answer


def hover(answer: Hover, view: View, client: Client) -> types.Hover:
    return types.Hover(markup(answer.markdown, client), view.range(answer.span))


def markup(markdown: str, client: Client) -> types.MarkupContent:
    """Returns Markdown, or plain text for a client that shows nothing else."""
    if client.markdown:
        return types.MarkupContent(types.MarkupKind.Markdown, markdown)
    return types.MarkupContent(types.MarkupKind.PlainText, plain(markdown))


def plain(markdown: str) -> str:
    """Returns our own Markdown without its marks."""
    return markdown.replace("**", "").replace("`", "").replace("\n\n---\n\n", "\n\n")


def diagnostics(
    found: Iterable[Finding], view: View, views: tuple[View, ...], client: Client
) -> list[types.Diagnostic]:
    """Returns the findings in one text; `views` are all texts of its program."""
    return [diagnostic(each, view, views, client) for each in found if view.holds(each.span)]


def _related(
    finding: Finding, views: tuple[View, ...]
) -> Iterator[types.DiagnosticRelatedInformation]:
    if finding.evidence is not None:
        place = location(views, finding.evidence)
        if place is not None:
            yield types.DiagnosticRelatedInformation(place, "the checkpoint is named here")
    for each in finding.related:
        place = _location_of(each, views)
        if place is not None:
            yield types.DiagnosticRelatedInformation(place, printable(each.message))


def _location_of(related: Related, views: tuple[View, ...]) -> types.Location | None:
    """Where a related place is; of other files, which nobody has opened, the line is known."""
    if related.is_own:
        return location(views, Span(*related.place.offsets))
    if related.place.path is None:
        return None
    start = types.Position(related.place.line, 0)
    return types.Location(from_fs_path(related.place.path) or "", types.Range(start, start))


def diagnostic(
    finding: Finding, view: View, views: tuple[View, ...], client: Client
) -> types.Diagnostic:
    page = page_of(finding.code) if client.code_description else None
    related = list(_related(finding, views)) if client.related_information else []
    return types.Diagnostic(
        range=view.range(finding.span),
        message=printable(finding.message),
        severity=types.DiagnosticSeverity(int(finding.severity)),
        code=finding.code,
        code_description=types.CodeDescription(page) if page is not None else None,
        source=SOURCE_NAME,
        related_information=related or None,
        data={"suggestions": list(finding.suggestions)} if client.diagnostic_data else None,
    )
