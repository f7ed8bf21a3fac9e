"""Notebooks of a client that does everything wrong: cells come, go, move and change.

What is open is kept without the server's code, as lists of cells and texts by address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fuzz.peer_texts import Text, text

Json = dict[str, Any]
URIS = ("FOLDER/book.ipynb", "FOLDER/sub%20dir/other.ipynb", "untitled:Untitled-1.ipynb")
_LANGUAGES = ("python", "python", "python", "markdown", "")
_CODE = 2


@dataclass
class Book:
    """A notebook that is open: its cells as the client tells them, and (text, version,
    language) of each text by its address."""

    cells: list[Json] = field(default_factory=list)
    texts: dict[str, tuple[Text, int, str]] = field(default_factory=dict)

    def known(self) -> dict[str, tuple[Text, int, str]]:
        """The texts of the cells that are in it, in order."""
        uris = [cell["document"] for cell in self.cells]
        return {uri: self.texts[uri] for uri in uris if uri in self.texts}


Books = dict[str, Book]


def follow(books: Books, message: Json, encoding: str) -> None:
    """What a message of the client makes of its notebooks."""
    method, params = message.get("method"), message.get("params")
    if not str(method).startswith("notebookDocument/") or not isinstance(params, dict):
        return
    document = params.get("notebookDocument")
    uri = document.get("uri") if isinstance(document, dict) else None
    if uri not in URIS:
        return
    if method == "notebookDocument/didOpen":
        books.pop(uri, None)
        books[uri] = Book(list(params["notebookDocument"]["cells"]))
        _told(books[uri], params["cellTextDocuments"], encoding)
    elif method == "notebookDocument/didClose":
        books.pop(uri, None)
    elif uri in books:
        _change(books[uri], params["change"]["cells"], encoding)


def _told(book: Book, items: Sequence[Json], encoding: str) -> None:
    for item in items:
        known = Text(item["text"], encoding), item["version"], item["languageId"]
        book.texts[item["uri"]] = known


def _change(book: Book, cells: Json, encoding: str) -> None:
    structure = cells.get("structure")
    if structure:
        array = structure["array"]
        start = array["start"]
        book.cells[start : start + array["deleteCount"]] = array["cells"]
        _told(book, structure.get("didOpen", ()), encoding)
        for closed in structure.get("didClose", ()):
            book.texts.pop(closed["uri"], None)
    data = {cell["document"]: cell for cell in cells.get("data", ())}
    book.cells = [data.get(cell["document"], cell) for cell in book.cells]
    for content in cells.get("textContent", ()):
        uri = content["document"]["uri"]
        if uri in book.texts:
            model, _, language = book.texts[uri]
            for change in content["changes"]:
                model.apply(change)
            book.texts[uri] = model, content["document"]["version"], language


def opening(uri: str, book: Book) -> Json:
    """The message that tells a notebook as it is."""
    texts = [
        {"uri": each, "languageId": language, "version": version, "text": model.whole}
        for each, (model, version, language) in book.known().items()
    ]
    document = {"uri": uri, "notebookType": "jupyter-notebook", "version": 1, "cells": book.cells}
    params = {"notebookDocument": document, "cellTextDocuments": texts}
    return {"method": "notebookDocument/didOpen", "params": params}


class Author:
    """Makes messages about notebooks; `books` is what they come to."""

    def __init__(self, random: Random, encoding: str) -> None:
        self.books: Books = {}
        self._random = random
        self._encoding = encoding
        self._made = 0

    def message(self) -> Json:
        """A notification, which is then followed."""
        if not self.books or self._random.random() < 0.05:
            made = self._open()
        elif self._random.random() < 0.03:
            uri, book = self._random.choice(list(self.books.items()))
            cells = [{"uri": cell["document"]} for cell in book.cells]
            params = {"notebookDocument": {"uri": uri}, "cellTextDocuments": cells}
            made = {"method": "notebookDocument/didClose", "params": params}
        else:
            made = self._changed()
        follow(self.books, made, self._encoding)
        return made

    def cell(self) -> tuple[str, Text] | None:
        """Some cell of some notebook, if there is one."""
        texts = [each for book in self.books.values() for each in book.known().items()]
        if not texts:
            return None
        uri, (model, *_) = self._random.choice(texts)
        return uri, model

    def _open(self) -> Json:
        uri = self._random.choice(URIS)
        book = Book()
        for _ in range(self._random.choice((0, 1, 3, 5))):
            cell, item = self._cell(uri)
            book.cells.append(cell)
            _told(book, [item], self._encoding)
        return opening(uri, book)

    def _cell(self, notebook: str) -> tuple[Json, Json]:
        self._made += 1
        language = self._random.choice(_LANGUAGES)
        uri = f"vscode-notebook-cell:{notebook.rpartition('/')[2]}#W{self._made}"
        whole = text(self._random, self._encoding)
        kind = _CODE if language else self._random.choice((1, _CODE))
        cell = {"kind": kind, "document": uri}
        return cell, {"uri": uri, "languageId": language, "version": 1, "text": whole}

    def _changed(self) -> Json:
        uri = self._random.choice(list(self.books))
        kinds = (self._typed, self._inserted, self._deleted, self._moved, self._retold)
        change = self._random.choices(kinds, (12, 3, 2, 2, 1))[0](uri, self.books[uri])
        document = {"uri": uri, "version": self._random.choice((2, 3, 0))}
        params = {"notebookDocument": document, "change": {"cells": change}}
        return {"method": "notebookDocument/didChange", "params": params}

    def _typed(self, uri: str, book: Book) -> Json:
        if not book.texts:
            return self._inserted(uri, book)
        cell = self._random.choice(list(book.texts))
        model = Text(book.texts[cell][0].whole, self._encoding)
        changes = []
        for _ in range(self._random.choice((1, 1, 1, 3))):
            change = model.change(self._random)
            model.apply(change)
            changes.append(change)
        document = {"uri": cell, "version": self._random.choice((2, 3, 0))}
        return {"textContent": [{"document": document, "changes": changes}]}

    def _inserted(self, uri: str, book: Book) -> Json:
        made = [self._cell(uri) for _ in range(self._random.choice((1, 1, 2)))]
        # Beyond the end is the end.
        start = self._random.randint(0, len(book.cells) + 2)
        array = {"start": start, "deleteCount": 0, "cells": [cell for cell, _ in made]}
        return {"structure": {"array": array, "didOpen": [item for _, item in made]}}

    def _deleted(self, uri: str, book: Book) -> Json:
        start = self._random.randint(0, max(len(book.cells) - 1, 0))
        count = self._random.choice((1, 1, 2, 7))
        gone = [cell["document"] for cell in book.cells[start : start + count]]
        array = {"start": start, "deleteCount": count, "cells": []}
        return {"structure": {"array": array, "didClose": [{"uri": each} for each in gone]}}

    def _moved(self, uri: str, book: Book) -> Json:
        cells = self._random.sample(book.cells, len(book.cells))
        return {"structure": {"array": {"start": 0, "deleteCount": len(cells), "cells": cells}}}

    def _retold(self, uri: str, book: Book) -> Json:
        cells = [{**cell, "kind": self._random.choice((1, 2))} for cell in book.cells[:1]]
        return {"data": cells}
