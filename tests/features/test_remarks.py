"""Comments that are written for the user, and all fixes at once."""

from __future__ import annotations

import pytest

from ckptls.features.code_actions.code_actions import fixes
from ckptls.features.code_actions.pragma_actions import Remark, binding_remarks, fix_all, ignoring
from ckptls.source.text.source_text import SourceText, Span
from conftest import HEAD

WRONG = 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/weigths")'
UNBOUND = """
    def read(path):
        return tf.train.load_variable(path, "vgg_16/fc8/weights")
"""


def written(text: str, remark: Remark) -> str:
    return text[: remark.span.start] + remark.new_text + text[remark.span.end :]


def ignored(project, snippet: str) -> str:
    """The snippet with the comment of its only finding, which is then silent."""
    text, found = project.findings(snippet)
    (remark,) = ignoring(SourceText(text), found)
    after = written(text, remark)
    assert project.findings(after[len(HEAD) :])[1] == []
    return after[len(HEAD) :]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (WRONG, WRONG + "  # ckptls: ignore[unknown-variable]"),
        (WRONG + "   ", WRONG + "  # ckptls: ignore[unknown-variable]"),
        (WRONG + "  # why", WRONG + "  # why  # ckptls: ignore[unknown-variable]"),
        (
            WRONG + "  # ckptls: ignore[other]",
            WRONG + "  # ckptls: ignore[other, unknown-variable]",
        ),
    ],
)
def test_a_line_is_ignored(vgg16, before: str, after: str):
    assert ignored(vgg16, before) == after


def test_a_line_that_goes_on_behind_a_backslash_takes_no_comment(vgg16):
    text, found = vgg16.findings(WRONG[:-1] + " \\\n)")
    assert len(found) == 1
    assert list(ignoring(SourceText(text), found)) == []


def bound(project, text: str) -> str | None:
    """The text with the first comment that would bind the file."""
    opened = project.workspace.open("x", project.root / "code" / "x.py", text)
    binder = project.workspace.binder(opened, opened.document.analysis(), project.workspace.load)
    remarks = binding_remarks(binder, Span(0, len(text)))
    return written(text, remarks[0]) if remarks else None


def test_a_name_without_a_checkpoint_offers_to_bind_the_file(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    text = "#!/usr/bin/python\n" + HEAD + UNBOUND
    after = bound(vgg16, text)
    assert after is not None
    assert after.splitlines()[1] == "# ckptls: checkpoint=../vgg_16.ckpt"
    opened = vgg16.workspace.open("x", vgg16.root / "code" / "x.py", after)
    binder = vgg16.workspace.binder(opened, opened.document.analysis(), vgg16.workspace.load)
    (site,) = binder.analysis.sites
    assert binder.bind(site).evidence.name == "PINNED"


def test_a_path_with_spaces_is_quoted(project):
    project.checkpoint("my models/a.ckpt", w=[1])
    project.folder.known = (str(project.root / "my models" / "a.ckpt"),)
    after = bound(project, HEAD + UNBOUND)
    assert after is not None and after.startswith('# ckptls: checkpoint="../my models/a.ckpt"\n')


def test_a_name_that_is_bound_offers_nothing(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    assert bound(vgg16, HEAD + WRONG.replace("vgg_16.ckpt", "../vgg_16.ckpt")) is None


def test_without_a_known_checkpoint_there_is_nothing_to_offer(project):
    assert bound(project, HEAD + UNBOUND) is None


def test_all_preferred_fixes_at_once_and_none_over_another(vgg16):
    text, found = vgg16.findings(WRONG + "\n" + WRONG.replace("fc8", "fc7"))
    several = list(fixes(found))
    chosen = fix_all([*several, *several])
    assert [text[fix.span.start : fix.span.end] for fix in chosen] == [
        "vgg_16/fc8/weigths",
        "vgg_16/fc7/weigths",
    ]
    assert [fix.new_text for fix in chosen] == ["vgg_16/fc8/weights", "vgg_16/fc7/weights"]


def test_what_has_the_name_is_offered_first(project):
    for name in ("a.ckpt", "b.ckpt", "c.ckpt", "d.ckpt", "e.ckpt"):
        project.checkpoint(name, **{"net__w" if name == "e.ckpt" else "other": [2]})
    project.folder.known = tuple(
        str(project.root / f"{name}.ckpt") for name in ("a", "b", "c", "d", "e")
    )
    binder = project.binder("tf.train.load_variable(path, 'net/w')")
    remarks = binding_remarks(binder, Span(0, len(binder.analysis.source.text)))
    assert [remark.title for remark in remarks] == [
        f"Bind this file to {name}.ckpt" for name in ("e", "a", "b")
    ]
