"""The main job as a short film: a real session of the language server on examples/vgg16.

Starts `ckptls server`, types into `finetune.py` (in memory only) as an editor would, and
prints what the server answers: completion with shapes, hover, diagnostics and their fixes.
"""

from __future__ import annotations

import asyncio
import difflib
import subprocess
import sys
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient
from rich.console import Console
from rich.markup import escape

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "vgg16"
SCRIPT = EXAMPLE / "finetune.py"
CHECKPOINT = "ckpts/vgg_16.ckpt"
PORT_ADDRESS = "http://127.0.0.1:8443/"
WAIT_SECONDS = 20

# What a hurried person adds to and changes in the script: one slip for each rule.
ANCHOR = "def read_pictures(folder):"
ADDED = '''\
def first_filters():
    """The filters of the first layer."""
    return tf.train.load_variable(CHECKPOINT, 'vgg_16/conv1/conv1_1/weigths')


def start_from_checkpoint():
    """Fill the fifth block, and make the last layer anew."""
    tf.train.init_from_checkpoint(CHECKPOINT, {'vgg16/conv5/': 'vgg_16/conv5/'})
    with tf.variable_scope('vgg_16/fc8'):
        return tf.get_variable('weights', [1, 1, 4096, 5])


'''
SLIP = ("slim.conv2d, 64, [3, 3], scope='conv1')", "slim.conv2d, 64, [3, 3], scope='cnov1')")

console = Console(highlight=False, soft_wrap=True)


class Film:
    """The client's side of the session: one open document, and what the server says of it."""

    def __init__(self) -> None:
        self.client = LanguageClient("ckptls-demo", "1")
        self.uri = SCRIPT.as_uri()
        self.text = SCRIPT.read_text("utf-8")
        self.version = 1
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        def take(params: types.PublishDiagnosticsParams) -> None:
            self.published.put_nowait(params)

        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(take)

    async def start(self) -> None:
        await self.client.start_io(sys.executable, "-m", "ckptls", "server")
        await self.client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    text_document=types.TextDocumentClientCapabilities(
                        publish_diagnostics=types.PublishDiagnosticsClientCapabilities(
                            data_support=True
                        )
                    )
                ),
                workspace_folders=[types.WorkspaceFolder(EXAMPLE.as_uri(), "vgg16")],
            )
        )
        self.client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(self.uri, "python", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()  # type: ignore[no-untyped-call]

    def position(self, offset: int) -> types.Position:
        before = self.text[:offset]
        return types.Position(before.count("\n"), offset - (before.rfind("\n") + 1))

    def offset(self, position: types.Position) -> int:
        lines = self.text.splitlines(keepends=True)
        return sum(map(len, lines[: position.line])) + position.character

    def replace(self, start: int, end: int, new: str) -> None:
        """Edits the document as an editor does: tells the server only what changed."""
        changed = types.Range(self.position(start), self.position(end))
        self.text = self.text[:start] + new + self.text[end:]
        self.version += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri),
                [types.TextDocumentContentChangePartial(range=changed, text=new)],
            )
        )

    async def complete(self, offset: int) -> list[types.CompletionItem]:
        answer = await self.client.text_document_completion_async(
            types.CompletionParams(types.TextDocumentIdentifier(self.uri), self.position(offset))
        )
        assert isinstance(answer, types.CompletionList), "the server offered nothing"
        start = self.text.rindex("'", 0, offset) + 1
        return [item for item in answer.items if _fits(self.text[start:offset], item.label)]

    async def diagnostics(self) -> list[types.Diagnostic]:
        """What the server says of the newest text; empty answers may be early ones."""

        async def wanted() -> list[types.Diagnostic]:
            while True:
                params = await self.published.get()
                if params.version == self.version and (params.diagnostics or self.is_clean):
                    return list(params.diagnostics)

        return await asyncio.wait_for(wanted(), WAIT_SECONDS)

    is_clean = False


def _fits(typed: str, label: str) -> bool:
    """Editors show what has the typed letters in order; the rest of the list waits."""
    letters = iter(label)
    return all(letter in letters for letter in typed)


def scene(number: int, title: str) -> None:
    console.print(f"\n[bold cyan]{number}. {title}[/]")


def show_listing() -> None:
    scene(1, f"$ ckptls ls {CHECKPOINT}")
    command = [sys.executable, "-m", "ckptls", "ls", CHECKPOINT]
    listing = subprocess.run(command, cwd=EXAMPLE, check=True, capture_output=True, text=True)
    lines = listing.stdout.splitlines()
    for line in [*lines[:4], "…", *lines[-3:]]:
        console.print("   " + escape(line))
    console.print(f"   [dim]{len(lines)} variables[/]")


def show_typed(film: Film, offset: int) -> None:
    line = film.text[film.text.rfind("\n", 0, offset) + 1 : film.text.find("\n", offset)]
    column = offset - film.text.rfind("\n", 0, offset) - 1
    shown = escape(line[:column]) + "[reverse] [/]" + escape(line[column:])
    console.print(f"   [dim]typed[/]    {shown.strip()}")


def show_items(items: list[types.CompletionItem], count: int) -> None:
    for item in items[:count]:
        detail = escape(item.detail or "")
        console.print(f"   [dim]offered[/]  {escape(item.label):<34} [green]{detail}[/]")
    if len(items) > count:
        console.print(f"   [dim]         … and {len(items) - count} more[/]")


async def show_completion(film: Film) -> None:
    scene(2, "Completion: inside the quotes the names of the checkpoint, with shapes")
    line = "    reader.get_tensor('"
    offset = film.text.index("    return reader.get_tensor")
    film.replace(offset, offset, line + "\n")
    offset += len(line)
    for typed in ("", "vgg_16/conv1/", "conv1_1/w"):
        for letter in typed:
            film.replace(offset, offset, letter)
            offset += 1
        show_typed(film, offset)
        show_items(await film.complete(offset), 4)
    best = (await film.complete(offset))[0]
    edit = best.text_edit
    assert isinstance(edit, types.TextEdit)
    start, end = film.offset(edit.range.start), film.offset(edit.range.end)
    film.replace(start, end, edit.new_text + "')")
    console.print(f"   [dim]accepted[/] {escape(best.label)}")
    await show_hover(film, start + 1)
    film.replace(film.text.index(line), film.text.index(line) + len(line + best.label + "')\n"), "")


async def show_hover(film: Film, offset: int) -> None:
    scene(3, "Hover: what it is")
    for place in (offset, film.text.index("vgg_16'):") + 1):
        answer = await film.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(film.uri), film.position(place))
        )
        assert answer is not None and isinstance(answer.contents, types.MarkupContent)
        lines = [each for each in answer.contents.value.splitlines() if each]
        for number, each in enumerate(lines):
            if number < 7 or number == len(lines) - 1:
                console.print("   │ " + escape(each))
            elif number == 7:
                console.print("   │ …")
        console.print()


async def show_findings(film: Film) -> str:
    scene(4, "Diagnostics: four slips, found before anything runs")
    slip = film.text.index(SLIP[0])
    film.replace(slip, slip + len(SLIP[0]), SLIP[1])
    place = film.text.index(ANCHOR)
    film.replace(place, place, ADDED)
    broken = film.text
    found = await film.diagnostics()
    for diagnostic in found:
        line = film.text.splitlines()[diagnostic.range.start.line]
        severity = diagnostic.severity or types.DiagnosticSeverity.Error
        colour = "red" if severity == types.DiagnosticSeverity.Error else "yellow"
        start, end = diagnostic.range.start.character, diagnostic.range.end.character
        console.print(f"   {diagnostic.range.start.line + 1:>3} │ {escape(line.rstrip())}")
        console.print("       │ " + " " * start + f"[{colour}]" + "~" * (end - start) + "[/]")
        console.print(
            f"       [{colour}]{severity.name.lower()}[/] \\[{diagnostic.code}]"
            f" {escape(diagnostic.message)}"
        )
    expected = {"unknown-variable", "unknown-scope", "misspelled-scope", "shape-mismatch"}
    assert {diagnostic.code for diagnostic in found} == expected, found
    return broken


async def show_fixes(film: Film, broken: str) -> None:
    scene(5, "Quick fixes, and the file as it is after them")
    while True:
        span = types.Range(film.position(0), film.position(len(film.text)))
        actions = await film.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(film.uri), span, types.CodeActionContext([])
            )
        )
        fixes = [each for each in actions or () if isinstance(each, types.CodeAction)]
        chosen = next((each for each in fixes if each.is_preferred), None)
        if chosen is None:
            break
        assert chosen.edit is not None and chosen.edit.changes is not None
        (edit,) = chosen.edit.changes[film.uri]
        console.print(f"   [dim]fix[/]  {escape(chosen.title)}")
        film.replace(film.offset(edit.range.start), film.offset(edit.range.end), edit.new_text)
    (left,) = await film.diagnostics()
    console.print(
        f"   [dim]left to you[/]  \\[{left.code}] has no fix: the new layer wants its own name"
    )
    new = film.text.index("'vgg_16/fc8'")
    film.replace(new, new + len("'vgg_16/fc8'"), "'vgg_16/flower_logits'")
    film.is_clean = True
    assert await film.diagnostics() == []
    for line in difflib.unified_diff(broken.splitlines(), film.text.splitlines(), lineterm="", n=0):
        if line.startswith(("---", "+++", "@@")):
            continue
        console.print("   " + ("[green]" if line[0] == "+" else "[red]") + escape(line) + "[/]")
    console.print("   [green]nothing left to complain about[/]")


async def main() -> None:
    console.print("[bold]ckptls on examples/vgg16[/]: the editor knows the checkpoint")
    show_listing()
    film = Film()
    await film.start()
    try:
        await show_completion(film)
        broken = await show_findings(film)
        await show_fixes(film, broken)
    finally:
        await film.stop()
    console.print(
        "\n[bold]make vscode[/] opens the same workspace in a real VS Code in the browser,"
        f" with the extension installed: {PORT_ADDRESS}"
    )


if __name__ == "__main__":
    asyncio.run(main())
