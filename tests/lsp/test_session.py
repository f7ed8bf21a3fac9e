"""A whole session over standard input and output, as an editor has it."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

from checkpoint import crafted
from lsp.conftest import HEAD, Editor

WRONG = HEAD + "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/weigths')\n"


async def test_completion_replaces_exactly_the_text_between_the_quotes(editor: Editor):
    editor.open(HEAD + "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/co<cursor>nv1')\n")
    items = await editor.complete()
    item = next(each for each in items if each.label == "vgg_16/conv1/conv1_1/weights")
    assert item.detail == "float32 [3, 3, 3, 64]"
    edit = item.text_edit
    assert isinstance(edit, types.InsertReplaceEdit)
    assert edit.new_text == "vgg_16/conv1/conv1_1/weights"
    assert editor.slice(edit.replace) == "vgg_16/conv1"
    assert editor.slice(edit.insert) == "vgg_16/co"


async def test_hover_tells_the_shape(editor: Editor):
    editor.open(HEAD + "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/mean<cursor>_rgb')\n")
    answer = await editor.hover()
    assert answer is not None and isinstance(answer.contents, types.MarkupContent)
    assert "float32 [3]" in answer.contents.value
    assert answer.range is not None and editor.slice(answer.range) == "vgg_16/mean_rgb"


async def test_a_slip_is_published_and_its_fix_mends_it(editor: Editor):
    editor.open(WRONG)
    (diagnostic,) = await editor.codes(["unknown-variable"])
    assert editor.slice(diagnostic.range) == "vgg_16/fc8/weigths"
    assert diagnostic.source == "ckptls"
    assert diagnostic.severity is types.DiagnosticSeverity.Error
    assert diagnostic.data["suggestions"][0] == "vgg_16/fc8/weights"
    assert diagnostic.code_description is not None
    assert diagnostic.code_description.href.endswith("unknown-variable.md")
    (related,) = diagnostic.related_information or ()
    assert editor.slice(related.location.range) == "vgg_16.ckpt"
    fix = (await editor.actions())[0]
    assert fix.is_preferred and fix.kind == types.CodeActionKind.QuickFix
    (edit,) = fix.edit.changes[editor.uri]
    start = editor.text.index("vgg_16/fc8")
    editor.edit(start, start + len("vgg_16/fc8/weigths"), edit.new_text)
    await editor.codes([])


async def test_typing_letter_by_letter_in_a_string_that_is_open(editor: Editor):
    editor.open(HEAD + "reader = tf.train.load_checkpoint('vgg_16.ckpt')\n<cursor>\nx = 1\n")
    place = editor.cursor
    for letter in "reader.get_tensor('vgg_16/fc8/":
        editor.edit(place, place, letter)
        place += 1
    labels = [item.label for item in await editor.complete(place)]
    assert labels[:2] == ["vgg_16/fc8/biases", "vgg_16/fc8/weights"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_every_position_encoding_counts_in_its_units(unstarted: Editor, encoding: str):
    capabilities = types.ClientCapabilities(
        general=types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind(encoding)]
        )
    )
    await unstarted.start(capabilities)
    assert unstarted.encoding == encoding
    line = "é漢😀 = 1; tf.train.load_variable('vgg_16.ckpt', 'vgg_16/😀weig<cursor>ths')\n"
    unstarted.open(HEAD + line)
    (diagnostic,) = await unstarted.codes(["unknown-variable"])
    assert unstarted.slice(diagnostic.range) == "vgg_16/😀weigths"
    start = unstarted.text.index("😀weig")
    unstarted.edit(start, start + len("😀weigths"), "fc8/weights")
    await unstarted.codes([])
    answer = await unstarted.hover(start)
    assert answer is not None and unstarted.slice(answer.range) == "vgg_16/fc8/weights"


async def test_a_form_feed_is_no_line_end(editor: Editor):
    editor.open(HEAD + "x = 'a\fb'\n\n# \u2028 \x85\n" + WRONG[len(HEAD) :])
    (diagnostic,) = await editor.codes(["unknown-variable"])
    assert diagnostic.range.start.line == 4
    start = editor.text.index("weigths")
    editor.edit(start, start + 7, "weights")
    await editor.codes([])


async def test_a_minimal_client_gets_plain_text_edits(unstarted: Editor):
    await unstarted.start(types.ClientCapabilities())
    unstarted.open(HEAD + "tf.train.load_variable('vgg_16.ckpt', 'vgg_16/fc8/<cursor>')\n")
    item = (await unstarted.complete())[0]
    assert isinstance(item.text_edit, types.TextEdit)
    assert item.label_details is None and item.command is None
    answer = await unstarted.hover()
    assert answer is not None and "*" not in answer.contents.value


async def test_a_scope_opens_the_list_again_where_the_client_can(unstarted: Editor):
    await unstarted.start(
        client_capabilities("visual_studio_code"), retriggerCommand="suggest.again"
    )
    unstarted.open(HEAD + "tf.train.load_variable('vgg_16.ckpt', '<cursor>')\n")
    items = {item.label: item for item in await unstarted.complete()}
    assert items["vgg_16/"].command.command == "suggest.again"
    assert items["global_step"].command is None


async def test_a_checkpoint_that_changes_is_read_again(editor: Editor):
    editor.open(WRONG)
    await editor.codes(["unknown-variable"])
    index = crafted.index([("vgg_16/fc8/weigths", crafted.FLOAT, [2])])
    (editor.folder / "new").write_bytes(index)
    os.replace(editor.folder / "new", editor.folder / "vgg_16.ckpt.index")
    await editor.codes([])


async def test_a_checkpoint_that_comes_later_is_found(editor: Editor):
    editor.open(WRONG.replace("vgg_16.ckpt", "later.ckpt"))
    await editor.codes([])
    shutil.copy(editor.folder / "vgg_16.ckpt.index", editor.folder / "later.ckpt.index")
    await editor.codes(["unknown-variable"])


async def test_a_damaged_checkpoint_does_not_hurt_the_server(editor: Editor):
    (editor.folder / "vgg_16.ckpt.index").write_bytes(b"\0" * 200)
    editor.open(WRONG)
    await editor.codes([])
    assert await editor.complete(editor.text.index("vgg_16/fc8")) == []
    for _ in range(100):
        answer = await editor.hover(editor.text.index("vgg_16.ckpt"))
        if answer is not None:
            break
        await asyncio.sleep(0.05)  # a file as young as this may still be being written
    assert answer is not None and "vgg_16.ckpt.index" in answer.contents.value


async def test_closing_a_document_clears_its_diagnostics(editor: Editor):
    editor.open(WRONG)
    await editor.codes(["unknown-variable"])
    identifier = types.TextDocumentIdentifier(editor.uri)
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
    await editor.codes([])


async def test_settings_of_the_project_and_of_the_editor(unstarted: Editor):
    (unstarted.folder / "ckptls.toml").write_text('severity = { unknown-variable = "hint" }\n')
    unstarted.client.set_configuration({"ckptls": {"select": [], "ignore": ["unknown-scope"]}})
    await unstarted.start(client_capabilities("visual_studio_code"))
    unstarted.open(WRONG)
    (diagnostic,) = await unstarted.codes(["unknown-variable"])
    assert diagnostic.severity is types.DiagnosticSeverity.Hint
    unstarted.client.set_configuration({"ckptls": {"ignore": ["unknown-variable"]}})
    unstarted.client.workspace_did_change_configuration(
        types.DidChangeConfigurationParams(settings=None)
    )
    await unstarted.codes([])


async def test_pins_and_the_selected_interpreter_tell_which_keras_runs(unstarted: Editor):
    information = unstarted.folder / "env/lib/python3.12/site-packages/keras-3.4.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 3.4.0\n")
    interpreter = str(unstarted.folder / "env" / "bin" / "python")
    await unstarted.start(client_capabilities("visual_studio_code"), interpreter=interpreter)
    unstarted.open("import keras\nkeras.Sequential().load_weights('vgg_16.ckpt')\n")
    await unstarted.codes(["checkpoint-path-form"])
    pins = unstarted.folder / "requirements.txt"
    pins.write_text("keras<3\n")
    change = types.FileEvent(pins.as_uri(), types.FileChangeType.Created)
    unstarted.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
    await unstarted.codes([])


async def test_questions_about_documents_that_are_not_open_are_answered(editor: Editor):
    assert (
        await editor.client.text_document_hover_async(
            types.HoverParams(
                types.TextDocumentIdentifier("file:///nowhere.py"), types.Position(0, 0)
            )
        )
        is None
    )


@pytest.mark.asyncio
async def test_what_an_editor_kept_unsaved_counts_from_its_opening_to_its_closing(editor: Editor):
    (editor.folder / "paths.py").write_text("CHECKPOINT = 'elsewhere.ckpt'\n")
    editor.open(HEAD + "from paths import CHECKPOINT\ntf.train.load_variable(CHECKPOINT, 'no')\n")
    await editor.codes([])
    uri = editor.open_beside("paths.py", "CHECKPOINT = 'vgg_16.ckpt'\n")
    await editor.codes(["unknown-variable"])
    editor.client.text_document_did_close(
        types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
    )
    await editor.codes([])


async def test_a_restore_that_misses_variables_leads_to_what_makes_them(
    editor: Editor, tmp_path: Path
):
    (tmp_path / "net.py").write_text(HEAD + "def build():\n    tf.get_variable('other', [2])\n")
    make = "import net\nnet.build()\ntf.get_variable('own', [2])\n"
    editor.open(HEAD + make + "tf.train.Saver().restore(session, 'vgg_16.ckpt')\n")
    (diagnostic,) = await editor.codes(["missing-variables"])
    assert editor.slice(diagnostic.range) == "vgg_16.ckpt"
    other, own = diagnostic.related_information or ()
    assert other.location.uri == (tmp_path / "net.py").as_uri()
    assert other.location.range.start.line == HEAD.count("\n") + 1
    assert editor.slice(own.location.range) == "tf.get_variable('own', [2])"
