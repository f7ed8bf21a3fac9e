"""Where the paths of a document lead."""

from __future__ import annotations

import os

from ckptls.features.navigation.document_links import Link, links


def linked(project, snippet: str) -> list[tuple[str, str]]:
    """The text of each link, and where it leads below the project."""
    binder = project.binder(snippet)
    text = binder.analysis.source.text
    return [
        (text[each.span.start : each.span.end], os.path.relpath(each.target, project.root))
        for each in links(binder)
    ]


def only(project, snippet: str) -> Link:
    (link,) = links(project.binder(snippet))
    return link


def test_a_prefix_leads_to_its_index(vgg16):
    snippet = 'tf.train.load_checkpoint("vgg_16.ckpt")'
    assert linked(vgg16, snippet) == [("vgg_16.ckpt", "vgg_16.ckpt.index")]
    link = only(vgg16, snippet)
    assert link.checkpoint is not None
    assert link.tooltip.startswith("V2 checkpoint · 34 variables · written 20")


def test_the_step_is_told(project):
    project.checkpoint("run/model.ckpt-1200", w=[2])
    link = only(project, 'tf.train.load_checkpoint("run/model.ckpt-1200")')
    assert "1 variable · step 1,200" in link.tooltip


def test_a_directory_leads_to_its_state_file(project):
    project.checkpoint("run/model.ckpt-7", w=[2])
    (project.root / "run" / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-7"\n')
    snippet = 'tf.train.load_checkpoint(tf.train.latest_checkpoint("run"))'
    assert linked(project, snippet) == [("run", os.path.join("run", "checkpoint"))]
    assert only(project, snippet).checkpoint is None


def test_a_path_in_pieces_is_linked_once_at_its_last(project):
    project.checkpoint("run/a.ckpt", w=[2])
    snippet = """
        import os
        path = os.path.join("run", "a.ckpt")
        tf.train.load_variable(path, "w")
        tf.train.load_variable(path, "w")
    """
    assert linked(project, snippet) == [("a.ckpt", os.path.join("run", "a.ckpt.index"))]


def test_a_path_at_which_nothing_is_leads_nowhere(project):
    assert linked(project, 'tf.train.load_checkpoint("nothing.ckpt")') == []


def test_a_damaged_checkpoint_leads_nowhere(project):
    (project.root / "bad.ckpt.index").write_bytes(b"x" * 100)
    assert linked(project, 'tf.train.load_checkpoint("bad.ckpt")') == []


def test_weights_that_an_object_of_elsewhere_loads_are_linked(project):
    project.keras("weights.h5", "dense")
    snippet = 'from models import build\nbuild().load_weights("weights.h5")'
    assert linked(project, snippet) == [("weights.h5", "weights.h5")]
