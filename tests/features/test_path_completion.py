"""Completion of paths, by segments, and of what a map lacks."""

from __future__ import annotations

from ckptls.features.completion.by_segment import in_segments
from ckptls.features.completion.checkpoint_paths import path_completion
from ckptls.features.completion.variable_names import completion


def offered(project, snippet: str, *known: str) -> list[str]:
    """The paths that are offered where these checkpoints are known."""
    project.folder.known = tuple(str(project.root / each) for each in known)
    opened, offset = project.opened(snippet)
    cursor = next(iter(opened.document.at(offset)), None)
    if cursor is None:
        return []
    binder = project.workspace.binder(opened, cursor.analysis)
    answer = path_completion(cursor, binder)
    return [item.label for item in answer.items] if answer is not None else []


def segments(project, snippet: str) -> tuple[list[str], str]:
    """The labels, and the text that they replace."""
    found = project.asked(snippet)
    assert found is not None
    answer = in_segments(completion(*found), found[0])
    text = found[0].analysis.source.text
    return [item.label for item in answer.items], text[slice(*answer.replaced)]


def test_a_checkpoint_is_one_entry_and_the_newest_step_comes_first(project):
    assert offered(
        project,
        'tf.train.load_checkpoint("<cursor>")',
        *("run/model.ckpt-9", "run/model.ckpt-100", "vgg.ckpt"),
    ) == ["vgg.ckpt", "run/model.ckpt-100", "run/model.ckpt-9"]


def test_where_a_directory_is_wanted_directories_are_offered(project):
    names = ["a.ckpt", "run/model.ckpt-9", "run/model.ckpt-100"]
    assert offered(project, 'tf.train.latest_checkpoint("<cursor>")', *names) == [".", "run"]


def test_what_stands_before_the_literal_is_left_out(project):
    snippet = 'RUN = "run"\ntf.train.load_checkpoint(RUN + "<cursor>")'
    assert offered(project, snippet, "run/model.ckpt-9", "a.ckpt") == ["/model.ckpt-9"]


def test_names_are_no_paths(project):
    snippet = 'tf.train.load_variable("a.ckpt", "<cursor>")'
    assert offered(project, snippet, "a.ckpt") == []


def test_by_segments_only_the_segment_under_the_cursor_is_replaced(vgg16):
    labels, replaced = segments(vgg16, 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc<cursor>")')
    assert labels[:3] == ["fc6/", "fc7/", "fc8/"]
    assert not [label for label in labels if "/" in label[:-1]]
    assert replaced == "fc"


def test_what_a_map_has_already_comes_behind(vgg16):
    vgg16.completes(
        """
        tf.train.init_from_checkpoint("vgg_16.ckpt", {
            "vgg_16/fc8/biases": a, "vgg_16/fc8/<cursor>": b})
        """,
        first="vgg_16/fc8/weights",
    )


def test_a_pattern_tells_how_many_names_it_matches_and_which(vgg16):
    text = vgg16.hover(
        """
        names = slim.get_variables_to_restore(exclude=["vgg_16/fc[78<cursor>]"])
        slim.assign_from_checkpoint_fn("vgg_16.ckpt", names)
        """
    )
    assert "vgg_16/fc[78] matches 4 variables of 34" in text
    assert "- vgg_16/fc8/weights float32 [1, 1, 4096, 1000]" in text


def test_a_template_tells_the_range_of_its_hole(project):
    project.listing("a.ckpt", {f"layer_{i}/w": [2] for i in range(12)})
    text = project.hover('tf.train.load_variable("a.ckpt", "layer_%d<cursor>/w" % i)')
    assert "layer_{}/w matches 12 variables" in text
    assert "{} is 0 … 11" in text


MADE_ELSEWHERE = "from models import build\nmodel = build()\n"


def test_who_loads_weights_is_asked_for_a_path_whoever_it_is(project):
    snippet = MADE_ELSEWHERE + 'model.load_weights("<cursor>")'
    assert offered(project, snippet, "run/weights.h5") == ["run/weights.h5"]
    assert offered(project, MADE_ELSEWHERE + 'model.load("<cursor>")', "run/weights.h5") == []
    assert offered(project, 'import torch\ntorch.load_weights("<cursor>")', "weights.h5") == []


def test_a_checkpoint_that_cannot_be_read_whole_says_so(project):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
    for name in ("whole", "lost"):
        project.checkpoint(name, w=(2,))
        project.file(f"{name}.data-00000-of-00001", pointer if name == "lost" else "x" * 99)
    project.file("broken.index", pointer)
    names = [str(project.root / name) for name in ("broken", "lost", "whole")]
    project.folder.known = tuple(names)
    for name in names:
        project.workspace.store.load(name)
    opened, offset = project.opened('tf.train.load_checkpoint("<cursor>")')
    binder = project.workspace.binder(opened, opened.document.analysis())
    answer = path_completion(opened.document.at(offset)[0], binder)
    broken, lost, whole = (item.detail for item in answer.items)
    assert "cannot be read: broken.index: it is a Git LFS pointer" in broken.replace(
        f"{project.root}/", ""
    )
    assert "cannot be read completely: `lost.data-00000-of-00001`: it is a Git LFS pointer" in lost
    assert "cannot be read" not in whole
