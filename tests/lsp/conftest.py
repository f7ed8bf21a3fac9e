"""A real server process, and a client that edits as an editor does."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

EXAMPLE = Path(__file__).parents[2] / "examples" / "vgg16"
COMMAND = [sys.executable, "-m", "ckptls", "server"]
HEAD = "import tensorflow as tf\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace folder with the example's checkpoint as `vgg_16.ckpt`."""
    shutil.copy(EXAMPLE / "ckpts" / "vgg_16.ckpt.index", tmp_path / "vgg_16.ckpt.index")
    return tmp_path


def current_vscode() -> types.ClientCapabilities:
    """The abilities of a VS Code of 2026; those that come with the library are of 2022."""
    abilities = client_capabilities("visual_studio_code")
    assert abilities.text_document is not None and abilities.workspace is not None
    abilities.text_document.diagnostic = types.DiagnosticClientCapabilities(
        dynamic_registration=True, related_information=True, code_description_support=True
    )
    abilities.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(True)
    abilities.text_document.inlay_hint = types.InlayHintClientCapabilities()
    abilities.workspace.text_document_content = types.TextDocumentContentClientCapabilities()
    return abilities


class Editor:
    """One client with one document open."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.uri = (folder / "train.py").as_uri()
        self.version = 0
        self.encoding = "utf-16"
        self.text = ""

    async def start(self, capabilities: types.ClientCapabilities, **options: object) -> None:
        answer = await self.client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities,
                workspace_folders=[types.WorkspaceFolder(self.folder.as_uri(), "project")],
                initialization_options=options or None,
            )
        )
        self.offered = answer.capabilities
        chosen = answer.capabilities.position_encoding or types.PositionEncodingKind.Utf16
        self.encoding = types.PositionEncodingKind(chosen).value

    def open_beside(self, name: str, text: str) -> str:
        """Opens another document of the folder; its URI."""
        uri = (self.folder / name).as_uri()
        item = types.TextDocumentItem(uri, "python", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def open(self, text: str) -> None:
        """Opens the document; `<cursor>` in it is taken out (see `cursor`)."""
        self.text = text.replace("<cursor>", "")
        self.cursor = text.find("<cursor>")
        self.version += 1
        item = types.TextDocumentItem(self.uri, "python", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def position(self, offset: int) -> types.Position:
        before = self.text[:offset]
        line = before[before.rfind("\n") + 1 :]
        return types.Position(before.count("\n"), len(line.encode(self.codec)) // self.unit)

    @property
    def unit(self) -> int:
        return {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self.encoding]

    def edit(self, start: int, end: int, new: str) -> None:
        changed = types.Range(self.position(start), self.position(end))
        self.text = self.text[:start] + new + self.text[end:]
        self.version += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri),
                [types.TextDocumentContentChangePartial(range=changed, text=new)],
            )
        )

    def slice(self, span: types.Range) -> str:
        """The text that a range of the server's covers."""
        lines = self.text.splitlines(keepends=True)
        encoded = [line.encode(self.codec) for line in lines]
        assert span.start.line == span.end.line
        line = encoded[span.start.line]
        return line[span.start.character * self.unit : span.end.character * self.unit].decode(
            self.codec
        )

    @property
    def codec(self) -> str:
        return "utf-8" if self.encoding == "utf-8" else self.encoding + "-le"

    async def complete(self, offset: int | None = None) -> list[types.CompletionItem]:
        place = self.cursor if offset is None else offset
        answer = await self.client.text_document_completion_async(
            types.CompletionParams(types.TextDocumentIdentifier(self.uri), self.position(place))
        )
        return list(answer.items) if isinstance(answer, types.CompletionList) else []

    async def hover(self, offset: int | None = None) -> types.Hover | None:
        place = self.cursor if offset is None else offset
        return await self.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(self.uri), self.position(place))
        )

    async def actions(self) -> list[types.CodeAction]:
        whole = types.Range(types.Position(0, 0), self.position(len(self.text)))
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(self.uri), whole, types.CodeActionContext([])
            )
        )
        return [each for each in found or () if isinstance(each, types.CodeAction)]

    async def pull(self, known: str | None = None) -> types.DocumentDiagnosticReport:
        """What the server answers when asked for the findings of the document."""
        return await self.client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(
                types.TextDocumentIdentifier(self.uri), previous_result_id=known
            )
        )

    async def codes(self, expected: list[str], seconds: float = 10.0) -> list[types.Diagnostic]:
        """Waits until exactly these codes are published for the document."""
        deadline = asyncio.get_running_loop().time() + seconds
        found: list[types.Diagnostic] = []
        while asyncio.get_running_loop().time() < deadline:
            found = list(self.client.diagnostics.get(self.uri, ()))
            if self.uri in self.client.diagnostics and [d.code for d in found] == expected:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"published {[d.code for d in found]}, wanted {expected}")


@pytest_lsp.fixture(config=ClientServerConfig(server_command=COMMAND))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    """A running server; whoever uses it says hello, and we say goodbye."""

    def register(params: types.RegistrationParams) -> None:
        """Accepts whatever the server wants to be told."""

    def ask_again(params: None) -> None:
        """Accepts to ask again for what it shows."""

    lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)(register)
    for method in (
        types.WORKSPACE_CODE_LENS_REFRESH,
        types.WORKSPACE_INLAY_HINT_REFRESH,
        types.WORKSPACE_SEMANTIC_TOKENS_REFRESH,
    ):
        lsp_client.feature(method)(ask_again)
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def unstarted(client: LanguageClient, folder: Path) -> Editor:
    """An editor whose test starts it."""
    return Editor(client, folder)


@pytest_asyncio.fixture
async def editor(unstarted: Editor) -> Editor:
    """A started editor with the abilities of a current VS Code."""
    await unstarted.start(client_capabilities("visual_studio_code"))
    return unstarted
