"""Definition, references and highlights: from a name to its other occurrences."""

from __future__ import annotations

from collections.abc import Callable

from lsprotocol import types

from ckptls.features.common.site_names import name_of
from ckptls.features.navigation.references import Mention, definitions, mentions
from ckptls.lsp.convert.views import View, location
from ckptls.lsp.handlers import text_document_content
from ckptls.lsp.handlers.request_context import PositionParams, log_failures, resolve_cursor
from ckptls.lsp.session.closed_file_search import search_closed_files
from ckptls.lsp.session.connection import Server
from ckptls.source.document import Analysis
from ckptls.source.semantics.pattern_text import Text
from ckptls.workspace.binding import Binding

Find = Callable[[Text, Analysis], "list[Mention]"]


def register(server: Server) -> None:
    """Answers with definitions, references and highlights."""
    _register_definition(server)
    _register_references(server)
    _register_highlights(server)


def _register_definition(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    @log_failures
    async def defined(ls: Server, params: types.DefinitionParams) -> list[types.Location] | None:
        found = await resolve_cursor(ls, params, is_patient=True)
        name = name_of(found.cursor.site) if found is not None else None
        if found is None or name is None:
            return None
        uri = params.text_document.uri
        here = types.Location(uri, found.view.range(found.cursor.part.literal))
        places = _places(ls, name, definitions, uri)
        others = [each for each in places if each != here]
        # If the definition is the name itself, editors show its references.
        return others + _in_listings(ls, name, found.binding) or places


def _register_references(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    @log_failures
    async def referred(ls: Server, params: types.ReferenceParams) -> list[types.Location] | None:
        name = name_at(ls, params)
        if name is None:
            return None
        wants_all = params.context.include_declaration

        def find(asked: Text, analysis: Analysis) -> list[Mention]:
            found = {each.span: each for each in mentions(asked, analysis)}
            found.update((each.span, each) for each in definitions(asked, analysis))
            several = (found[span] for span in sorted(found))
            return [each for each in several if wants_all or not each.is_definition]

        send = _partial_sender(ls, params.partial_result_token)
        found = send(_places(ls, name, find, params.text_document.uri))
        template = name.template.replace("{}", "")
        title, encoding = f"References of {name.template}", ls.session.client.encoding
        for uri, analysis in await search_closed_files(ls, template, title, params.work_done_token):
            view = View(uri, analysis.source, encoding)
            found += send([types.Location(uri, view.range(e.span)) for e in find(name, analysis)])
        return found


def _partial_sender(
    ls: Server, token: int | str | None
) -> Callable[[list[types.Location]], list[types.Location]]:
    """Returns a function that sends places as partial results, and returns what is left for the
    answer."""

    def send(places: list[types.Location]) -> list[types.Location]:
        if token is None:
            return places
        if places:
            ls.progress(types.ProgressParams(token, places))
        return []

    return send


def _register_highlights(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    @log_failures
    async def highlighted(
        ls: Server, params: types.DocumentHighlightParams
    ) -> list[types.DocumentHighlight] | None:
        name = name_at(ls, params)
        seen = ls.session.seen(params.text_document.uri)
        if name is None or seen is None:
            return None
        return [
            types.DocumentHighlight(
                seen.view.range(each.span),
                types.DocumentHighlightKind.Write
                if each.is_definition
                else types.DocumentHighlightKind.Read,
            )
            for each in mentions(name, seen.opened.document.analysis())
            if seen.view.holds(each.span)
        ]


def name_at(ls: Server, place: PositionParams) -> Text | None:
    """Returns the name at a position."""
    seen = ls.session.seen(place.text_document.uri)
    if seen is None:
        return None
    cursors, _ = ls.session.documents.at(seen, seen.view.offset(place.position))
    return name_of(cursors[0].site) if cursors else None


def _places(ls: Server, name: Text, find: Find, first: str) -> list[types.Location]:
    """Returns the places in all open programs, those of the request's first."""
    documents = ls.session.documents
    found = []
    for key in documents.programs(first):
        views = documents.views(key)
        analysis = ls.session.workspace.documents[key].document.analysis()
        places = (location(views, mention.span) for mention in find(name, analysis))
        found += [place for place in places if place is not None]
    return found


def _in_listings(ls: Server, name: Text, binding: Binding) -> list[types.Location]:
    literal = name.literal
    if literal is None or not ls.session.client.text_contents:
        return []
    places = (
        text_document_content.location(checkpoint, literal) for checkpoint in binding.checkpoints
    )
    return [place for place in places if place is not None]
