"""What a client is answered where the server failed: nothing found, rather than an error.

An editor asks for most things by itself, again and again, and shows each error that it is
answered with. So what fails goes to the log, and the answer is an empty one. A user who asked
for a change is told that there is none.
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
# These ask for more about something, and are answered with what they hold themselves.
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
    """Whether a request that failed gets an empty answer; else it gets the error."""
    return method not in _ASKED_BY_USERS


def empty_answer(method: str, params: Any) -> Any:
    """The answer, as JSON, to a request for which nothing could be found."""
    return params if method in _RESOLVING else _EMPTY.get(method)
