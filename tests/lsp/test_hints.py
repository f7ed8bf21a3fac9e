"""Hints, lenses and code actions over a real connection."""

from __future__ import annotations

import asyncio

from lsprotocol import types
from pytest_lsp import client_capabilities

from lsp.conftest import HEAD, Editor, current_vscode

MODEL = (
    HEAD
    + """with tf.variable_scope('vgg_16/fc8'):
    tf.get_variable('weights')
    tf.get_variable('weigths')
tf.train.Saver().restore(session, 'vgg_16.ckpt')
"""
)
WRONG = HEAD + "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n"


async def hints(editor: Editor) -> list[types.InlayHint]:
    whole = types.Range(types.Position(0, 0), editor.position(len(editor.text)))
    answer = await editor.client.text_document_inlay_hint_async(
        types.InlayHintParams(types.TextDocumentIdentifier(editor.uri), whole)
    )
    return list(answer or ())


async def lens(editor: Editor) -> types.CodeLens:
    (found,) = await editor.client.text_document_code_lens_async(
        types.CodeLensParams(types.TextDocumentIdentifier(editor.uri))
    )
    return found


async def execute(editor: Editor, command: types.Command) -> None:
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command.command, command.arguments)
    )


async def test_hints_are_shown_where_the_user_wants_them(unstarted: Editor):
    unstarted.client.set_configuration({"ckptls": {"inlayHints": True}})
    await unstarted.start(current_vscode())
    unstarted.open(MODEL)
    for _ in range(500):
        found = await hints(unstarted)
        if found:
            break
        await asyncio.sleep(0.02)  # the server asks for the settings first
    (hint,) = found
    assert hint.label == "[1, 1, 4096, 1000]"
    assert hint.position == unstarted.position(MODEL.index("'weights'") + len("'weights'"))


async def test_a_lens_opens_what_the_restore_finds(unstarted: Editor):
    await unstarted.start(current_vscode())
    unstarted.open(MODEL)
    assert await hints(unstarted) == []  # nobody asked for them
    found = await lens(unstarted)
    assert found.command is not None
    assert found.command.title == "vgg_16.ckpt: 1 name found, 1 not"
    assert found.range.start.line == MODEL[: MODEL.index("tf.train")].count("\n")
    await execute(unstarted, found.command)
    (shown,) = unstarted.client.shown_documents
    answer = await unstarted.client.workspace_text_document_content_async(
        types.TextDocumentContentParams(shown.uri)
    )
    assert "# not in the checkpoint: 1\nvgg_16/fc8/weigths\n" in answer.text


async def test_lens_shows_a_message_if_the_client_shows_no_documents(editor: Editor):
    editor.open(MODEL)
    found = await lens(editor)
    assert found.command is not None
    await execute(editor, found.command)
    await execute(editor, types.Command("", found.command.command, arguments=["file:///x", 1]))
    (message,) = editor.client.messages
    assert message.message == "vgg_16.ckpt: 1 name found, 1 not: vgg_16/fc8/weigths"


async def test_the_actions_of_a_finding(unstarted: Editor):
    await unstarted.start(client_capabilities("visual_studio_code"))
    editor = unstarted
    editor.open(WRONG)
    await editor.codes(["unknown-variable"])
    titles = {each.title: each for each in await editor.actions()}
    ignoring = titles["Ignore unknown-variable on this line"]
    (edit,) = ignoring.edit.changes[editor.uri]
    assert edit.range.start == editor.position(len(WRONG) - 1)
    assert edit.new_text == "  # ckptls: ignore[unknown-variable]"
    whole = types.Range(types.Position(0, 0), editor.position(len(editor.text)))
    for kind in ("source.fixAll", "source.fixAll.ckptls"):
        (action,) = await editor.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(editor.uri),
                whole,
                types.CodeActionContext([], only=[kind]),
            )
        )
        assert action.kind == "source.fixAll.ckptls"
        assert [e.new_text for e in action.edit.changes[editor.uri]] == ["vgg_16/fc8/weights"]
    start = editor.text.index("weigths")
    editor.edit(start, start + 7, "weights")
    await editor.codes([])
    assert await editor.actions() == []


async def test_a_map_is_filled(editor: Editor):
    editor.open(
        HEAD + "tf.get_variable('vgg_16/mean_rgb', [3])\n"
        "tf.train.init_from_checkpoint('vgg_16.ckpt', {<cursor>})\n"
    )
    for _ in range(100):  # the checkpoint is being read
        found = [each for each in await editor.actions() if each.kind == "refactor.rewrite"]
        if found:
            break
    (action,) = found
    assert action.title == "Fill the assignment map with 1 variable"
    (edit,) = action.edit.changes[editor.uri]
    editor.edit(editor.cursor, editor.cursor, edit.new_text)
    assert "{'vgg_16/mean_rgb': 'vgg_16/mean_rgb'}" in editor.text
    assert not [each for each in await editor.actions() if each.kind == "refactor.rewrite"]


async def test_a_place_is_explained(unstarted: Editor):
    await unstarted.start(types.ClientCapabilities())
    unstarted.open(WRONG)
    place = unstarted.position(WRONG.index("weigths"))
    answer = await unstarted.client.workspace_execute_command_async(
        types.ExecuteCommandParams("ckptls.explain", [unstarted.uri, place.line, place.character])
    )
    told = answer if isinstance(answer, dict) else answer._asdict()
    assert "vgg_16.ckpt  (it is not there)" in told["text"]
