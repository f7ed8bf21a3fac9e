"""Notebooks over the wire: cells that come, change, move and go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import LanguageClient

from lsp.conftest import Editor, current_vscode

IMPORT = "import tensorflow as tf\nckpt = 'vgg_16.ckpt'"


class OpenNotebook:
    """A notebook in an editor; cells are told by their names."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.uri = (folder / "explore.ipynb").as_uri()
        self.version = 1
        self.texts: dict[str, str] = {}

    def uri_of(self, name: str) -> str:
        return self.uri.replace("file:", "vscode-notebook-cell:") + f"#{name}"

    def cell(self, name: str) -> types.NotebookCell:
        is_code = not name.startswith("text")
        kind = types.NotebookCellKind.Code if is_code else types.NotebookCellKind.Markup
        return types.NotebookCell(kind, self.uri_of(name))

    def item(self, name: str, text: str) -> types.TextDocumentItem:
        self.texts[name] = text.replace("<cursor>", "")
        language = "markdown" if name.startswith("text") else "python"
        return types.TextDocumentItem(self.uri_of(name), language, 1, self.texts[name])

    def open(self, **cells: str) -> None:
        document = types.NotebookDocument(
            self.uri, "jupyter-notebook", 1, [self.cell(name) for name in cells]
        )
        texts = [self.item(name, text) for name, text in cells.items()]
        self.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, texts))

    def _change(self, cells: types.NotebookDocumentCellChanges) -> None:
        self.version += 1
        document = types.VersionedNotebookDocumentIdentifier(self.version, self.uri)
        self.client.notebook_document_did_change(
            types.DidChangeNotebookDocumentParams(
                document, types.NotebookDocumentChangeEvent(cells=cells)
            )
        )

    def splice(self, start: int, deleted: int = 0, known: tuple[str, ...] = (), **new: str) -> None:
        """Puts cells in the place of others: known ones that move, then new ones."""
        names = (*known, *new)
        array = types.NotebookCellArrayChange(start, deleted, [self.cell(name) for name in names])
        opened = [self.item(name, text) for name, text in new.items()]
        self._change(
            types.NotebookDocumentCellChanges(
                structure=types.NotebookDocumentCellChangeStructure(array, opened)
            )
        )

    def type(self, name: str, text: str) -> None:
        """Types behind what stands in a cell of one line."""
        end = types.Position(0, len(self.texts[name]))
        self.texts[name] += text
        change = types.TextDocumentContentChangePartial(types.Range(end, end), text)
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri_of(name))
        self._change(
            types.NotebookDocumentCellChanges(
                text_content=[types.NotebookDocumentCellContentChanges(document, [change])]
            )
        )

    async def complete(self, name: str, line: int, character: int) -> list[types.CompletionItem]:
        answer = await self.client.text_document_completion_async(
            types.CompletionParams(
                types.TextDocumentIdentifier(self.uri_of(name)), types.Position(line, character)
            )
        )
        return list(answer.items) if isinstance(answer, types.CompletionList) else []

    async def codes(self, **expected: list[str]) -> dict[str, list[types.Diagnostic]]:
        """Waits until exactly these codes are published for the cells."""
        found: dict[str, list[types.Diagnostic]] = {}
        for _ in range(500):
            known = self.client.diagnostics
            found = {name: list(known.get(self.uri_of(name), ())) for name in expected}
            published = all(self.uri_of(name) in known for name in expected)
            if published and {n: [d.code for d in f] for n, f in found.items()} == expected:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"published {found}, wanted {expected}")


@pytest_asyncio.fixture
async def notebook(unstarted: Editor) -> OpenNotebook:
    capabilities = current_vscode()
    capabilities.notebook_document = types.NotebookDocumentClientCapabilities(
        types.NotebookDocumentSyncClientCapabilities()
    )
    capabilities.workspace.diagnostics = None  # findings are pushed
    await unstarted.start(capabilities)
    return OpenNotebook(unstarted.client, unstarted.folder)


@pytest.mark.asyncio
async def test_a_name_is_judged_by_what_the_cells_above_say(notebook):
    notebook.open(
        first=IMPORT,
        text='tf.train.load_variable(ckpt, "no code")',
        second='x = "é😀"; tf.train.load_variable(ckpt, "vgg_16/fc8/weight")',
    )
    found = await notebook.codes(first=[], second=["unknown-variable"])
    [finding] = found["second"]
    assert finding.range.start == types.Position(0, 41)
    [related] = finding.related_information
    assert related.location.uri == notebook.uri_of("first")
    assert related.location.range.start == types.Position(1, 8)
    assert notebook.uri_of("text") not in notebook.client.diagnostics


@pytest.mark.asyncio
async def test_a_broken_cell_does_not_hide_the_others(notebook):
    notebook.open(
        first=IMPORT,
        broken='reader = tf.train.load_checkpoint(ckpt\nfor (x in [\n  """',
        second='%timeit 1\ntf.train.load_variable(ckpt, "vgg_16/nothing")',
    )
    found = await notebook.codes(first=[], broken=[], second=["unknown-variable"])
    assert found["second"][0].range.start == types.Position(1, 30)


@pytest.mark.asyncio
async def test_a_string_that_is_being_typed_in_a_cell_is_completed(notebook):
    notebook.open(first=IMPORT, second="%matplotlib inline\n", third="print(1)")
    notebook.splice(2, typed="tf.train.load_variable(")
    for text in ("ckpt, ", '"', "vgg_16/", "f"):
        notebook.type("typed", text)
    items = await notebook.complete("typed", 0, len(notebook.texts["typed"]))
    assert "vgg_16/fc8/" in [item.label for item in items]
    replaced = {item.text_edit.replace.start.character for item in items if item.text_edit}
    assert replaced == {30}


@pytest.mark.asyncio
async def test_cells_are_read_in_their_new_order_when_they_move_come_and_go(notebook):
    use = 'tf.train.load_variable(ckpt, "vgg_16/nothing")'
    notebook.open(first="import tensorflow as tf", use=use, last="ckpt = 'vgg_16.ckpt'")
    await notebook.codes(use=[], last=[])
    notebook.splice(1, 2, known=("last", "use"))
    await notebook.codes(use=["unknown-variable"], last=[])
    notebook.splice(2, 0, between="ckpt = input()")
    await notebook.codes(use=[], between=[])
    notebook.splice(2, 1)
    await notebook.codes(use=["unknown-variable"], between=[])
    notebook.splice(2, 1)
    await notebook.codes(use=[])


@pytest.mark.asyncio
async def test_hover_definition_and_fixes_speak_of_cells(notebook):
    notebook.open(
        first=IMPORT + "\ntf.compat.v1.get_variable('vgg_16/mean_rgb', [3])",
        second='tf.train.load_variable(ckpt, "vgg_16/mean_rgb")',
        third='tf.train.load_variable(ckpt, "vgg_16/mean_rg")',
    )
    await notebook.codes(third=["unknown-variable"])
    second = types.TextDocumentIdentifier(notebook.uri_of("second"))
    place = types.Position(0, 35)
    hover = await notebook.client.text_document_hover_async(types.HoverParams(second, place))
    assert "float32 [3]" in hover.contents.value
    assert hover.range == types.Range(types.Position(0, 30), types.Position(0, 45))
    definitions = await notebook.client.text_document_definition_async(
        types.DefinitionParams(second, place)
    )
    assert notebook.uri_of("first") in [each.uri for each in definitions]
    third = types.TextDocumentIdentifier(notebook.uri_of("third"))
    line = types.Range(types.Position(0, 0), types.Position(0, 40))
    actions = await notebook.client.text_document_code_action_async(
        types.CodeActionParams(third, line, types.CodeActionContext([]))
    )
    [edit] = actions[0].edit.changes[notebook.uri_of("third")]
    assert edit.new_text == "vgg_16/mean_rgb"
    assert edit.range.start == types.Position(0, 30)


@pytest.mark.asyncio
async def test_closing_a_notebook_takes_its_findings_back(notebook):
    notebook.open(first=IMPORT, second='tf.train.load_variable(ckpt, "vgg_16/nothing")')
    await notebook.codes(second=["unknown-variable"])
    notebook.client.notebook_document_did_close(
        types.DidCloseNotebookDocumentParams(
            types.NotebookDocumentIdentifier(notebook.uri),
            [types.TextDocumentIdentifier(notebook.uri_of(name)) for name in notebook.texts],
        )
    )
    await notebook.codes(first=[], second=[])


@pytest.mark.asyncio
async def test_a_client_without_notebooks_is_not_offered_them(unstarted):
    capabilities = current_vscode()
    capabilities.notebook_document = None
    await unstarted.start(capabilities)
    assert unstarted.offered.notebook_document_sync is None
