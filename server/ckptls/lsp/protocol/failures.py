"""The answers to requests that failed: empty results rather than errors.

An editor sends most requests by itself, and shows each error. So errors go to the log, and the
answer is empty. Requests that a user makes, such as a rename, are answered with the error.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types

# Answers that may not be null.
_EMPTY: dict[str, Any] = {
    types.TEXT_DOCUMENT_DIAGNOSTIC: {"kind": "full", "items": []},
    types.WORKSPACE_DIAGNOSTIC: {"items": []},
    types.WORKSPACE_TEXT_DOCUMENT_CONTENT: {"text": ""},
}
# Requests for more about an item, which are answered with the item itself.
_RESOLVING = frozenset(
    {
        types.CODE_ACTION_RESOLVE,
        types.CODE_LENS_RESOLVE,
        types.COMPLETION_ITEM_RESOLVE,
        types.DOCUMENT_LINK_RESOLVE,
        types.INLAY_HINT_RESOLVE,
        types.WORKSPACE_SYMBOL_RESOLVE,
    }
)
_ASKED_BY_USERS = frozenset(
    {
        types.INITIALIZE,
        types.TEXT_DOCUMENT_PREPARE_RENAME,
        types.TEXT_DOCUMENT_RENAME,
        types.WORKSPACE_EXECUTE_COMMAND,
    }
)


def gets_empty_answer(method: str) -> bool:
    """Whether a request that failed gets an empty answer instead of the error."""
    return method not in _ASKED_BY_USERS


def empty_answer(method: str, params: Any) -> Any:
    """Returns the answer, as JSON, to a request for which nothing was found."""
    return params if method in _RESOLVING else _EMPTY.get(method)
