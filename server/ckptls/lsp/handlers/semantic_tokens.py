"""`textDocument/semanticTokens`: names inside strings, if the user enables that."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from ckptls.features.annotations.semantic_tokens import Standing, Token, tokens
from ckptls.lsp.convert.views import View
from ckptls.lsp.handlers.request_context import resolve_document
from ckptls.lsp.protocol.server_capabilities import LEGEND
from ckptls.lsp.session.connection import Server
from ckptls.source.text.source_text import Span

SETTING = "semanticTokens"
_MODIFIERS = {Standing(name): 1 << bit for bit, name in enumerate(LEGEND.token_modifiers)}
_UNITS = 5  # numbers of a token
_MAX_KEPT = 64


class SentTokens:
    """The last answers by URI, so that only differences are sent."""

    def __init__(self) -> None:
        self._data: dict[str, tuple[str, list[int]]] = {}
        self._count = 0

    def keep(self, uri: str, data: list[int]) -> str:
        self._count += 1
        self._data.pop(uri, None)
        self._data[uri] = (str(self._count), data)
        while len(self._data) > _MAX_KEPT:
            self._data.pop(next(iter(self._data)))
        return str(self._count)

    def before(self, uri: str, result: str) -> list[int] | None:
        name, data = self._data.get(uri, ("", []))
        return data if name == result else None


def register(server: Server) -> None:
    """Answers with tokens, if the user wants them."""
    sent = SentTokens()

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL)
    async def whole(ls: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
        data = await _data(ls, params.text_document.uri)
        return types.SemanticTokens(data, sent.keep(params.text_document.uri, data))

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA)
    async def difference(
        ls: Server, params: types.SemanticTokensDeltaParams
    ) -> types.SemanticTokensDelta | types.SemanticTokens:
        uri = params.text_document.uri
        data = await _data(ls, uri)
        before = sent.before(uri, params.previous_result_id)
        result = sent.keep(uri, data)
        if before is None:
            return types.SemanticTokens(data, result)
        return types.SemanticTokensDelta(_edits(before, data), result)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE)
    async def part(ls: Server, params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
        return types.SemanticTokens(await _data(ls, params.text_document.uri, params.range))


async def _data(ls: Server, uri: str, asked: types.Range | None = None) -> list[int]:
    known = await resolve_document(ls, uri) if ls.session.settings.option(SETTING) is True else None
    if known is None:
        return []
    view = known.seen.view
    span = view.span(asked) if asked is not None else None
    return _encoded((each for each in tokens(known.binder) if _is_in(each, view, span)), view)


def _is_in(token: Token, view: View, span: Span | None) -> bool:
    if span is not None and (token.span.end <= span.start or span.end <= token.span.start):
        return False
    return view.holds(token.span)


def _encoded(found: Iterable[Token], view: View) -> list[int]:
    """Returns five numbers for each token, its position relative to the token before."""
    data: list[int] = []
    line = character = 0
    for token in found:
        place = view.range(token.span)
        start = place.start
        length = place.end.character - start.character
        lines = start.line - line
        data += [lines, start.character - (0 if lines else character), length]
        data += [int(token.is_scope), _MODIFIERS[token.standing]]
        line, character = start.line, start.character
    return data


def _edits(before: list[int], after: list[int]) -> list[types.SemanticTokensEdit]:
    """Returns the one edit between two answers, in whole tokens; none if they are equal."""
    shorter = min(len(before), len(after))
    start = next((i for i in range(shorter) if before[i] != after[i]), shorter) // _UNITS * _UNITS
    room = shorter - start
    tail = next((i for i in range(room) if before[-1 - i] != after[-1 - i]), room)
    tail = tail // _UNITS * _UNITS
    if start == len(before) == len(after):
        return []
    new = after[start : len(after) - tail]
    return [types.SemanticTokensEdit(start, len(before) - tail - start, new)]
