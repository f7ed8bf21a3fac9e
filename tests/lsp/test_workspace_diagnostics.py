"""Findings of files that are not open, and names coloured, over the wire."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from lsprotocol import types

from lsp.conftest import HEAD, Editor, current_vscode

WRONG = HEAD + 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/nothing")\n'
RIGHT = HEAD + 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/mean_rgb")\n'


@pytest_asyncio.fixture
async def checking(unstarted: Editor) -> Editor:
    unstarted.client.set_configuration(
        {"ckptls": {"diagnosticMode": "workspace", "semanticTokens": True}}
    )
    (unstarted.folder / "wrong.py").write_text(WRONG)
    (unstarted.folder / "right.py").write_text(RIGHT)
    (unstarted.folder / "edited.py").write_text(WRONG)
    await unstarted.start(current_vscode())
    unstarted.open_beside("edited.py", RIGHT)
    return unstarted


def pull(editor: Editor, known: dict[str, str], **options):
    ids = [types.PreviousResultId(uri, value) for uri, value in known.items()]
    return editor.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams(ids, **options))


async def pulled(editor: Editor, known: dict[str, str]):
    """What the server tells, by the file's name, once it finds something."""
    for _ in range(20):
        answer = await asyncio.wait_for(pull(editor, known), 20)
        if answer.items:
            return {each.uri.rpartition("/")[2]: each for each in answer.items}
    raise AssertionError("nothing is found")


@pytest.mark.asyncio
async def test_closed_files_are_checked_and_reported_again_only_after_a_change(
    checking,
):
    first = await pulled(checking, {})
    assert set(first) == {"wrong.py"}
    [finding] = first["wrong.py"].items
    assert finding.code == "unknown-variable"
    known = {first["wrong.py"].uri: first["wrong.py"].result_id}
    waiting = asyncio.ensure_future(pull(checking, known))
    await asyncio.sleep(1.0)
    assert not waiting.done()
    (checking.folder / "wrong.py").write_text(RIGHT)
    checking.client.workspace_did_change_watched_files(
        types.DidChangeWatchedFilesParams(
            [types.FileEvent(first["wrong.py"].uri, types.FileChangeType.Changed)]
        )
    )
    answer = await asyncio.wait_for(waiting, 20)
    [report] = answer.items
    assert (report.kind, report.items) == ("full", ())


@pytest.mark.asyncio
async def test_known_report_is_unchanged_and_that_of_a_deleted_file_is_cleared(checking):
    first = (await pulled(checking, {}))["wrong.py"]
    gone = (checking.folder / "gone.py").as_uri()
    answer = await asyncio.wait_for(pull(checking, {first.uri: first.result_id, gone: "x"}), 20)
    by_uri = {each.uri: each for each in answer.items}
    assert by_uri[first.uri].kind == "unchanged"
    assert (by_uri[gone].kind, by_uri[gone].items) == ("full", ())


@pytest.mark.asyncio
async def test_names_are_coloured_by_whether_they_are_there(checking):
    checking.open(
        HEAD
        + 'r = tf.train.load_checkpoint("vgg_16.ckpt")\n'
        + 'r.get_tensor("vgg_16/mean_rgb"); r.get_tensor("vgg_16/no")\n'
        + 'r.get_tensor("vgg_16/%s" % x)\n'
    )
    document = types.TextDocumentIdentifier(checking.uri)
    client = checking.client
    for _ in range(200):  # until the setting has been told
        whole = await client.text_document_semantic_tokens_full_async(
            types.SemanticTokensParams(document)
        )
        if whole.data:
            break
        await asyncio.sleep(0.05)
    expected = [2, 14, 15, 0, 1, 0, 33, 9, 0, 2, 1, 14, 7, 0, 4]
    assert list(whole.data) == expected
    checking.edit(0, 0, "\n")
    change = await client.text_document_semantic_tokens_full_delta_async(
        types.SemanticTokensDeltaParams(document, whole.result_id)
    )
    [edit] = change.edits
    assert (edit.start, edit.delete_count, list(edit.data)) == (0, 5, [3, *expected[1:5]])
    line = types.Range(types.Position(4, 0), types.Position(5, 0))
    part = await client.text_document_semantic_tokens_range_async(
        types.SemanticTokensRangeParams(document, line)
    )
    assert list(part.data) == [4, *expected[11:]]
