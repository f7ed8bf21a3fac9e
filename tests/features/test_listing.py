"""The listing of a checkpoint as a text, and finding variables by letters of their names."""

from __future__ import annotations

from ckptls.features.navigation.checkpoint_listing import folds, line_of, listing
from ckptls.features.navigation.workspace_symbols import MAX_FOUND, best_hits, search


def test_each_variable_has_its_line(vgg16):
    checkpoint = vgg16.workspace.load(str(vgg16.root / "vgg_16.ckpt")).checkpoint
    lines = listing(checkpoint).splitlines()
    assert lines[0].endswith("vgg_16.ckpt")
    assert lines[1].startswith("# V2 checkpoint · 34 variables · 138,")
    for name in checkpoint.names:
        line = line_of(checkpoint, name)
        assert line is not None and lines[line].split()[0] == name
    assert lines[-1].split() == ["vgg_16/mean_rgb", "float32", "[3]"]


def test_a_scope_is_at_its_first_variable(vgg16):
    checkpoint = vgg16.workspace.load(str(vgg16.root / "vgg_16.ckpt")).checkpoint
    lines = listing(checkpoint).splitlines()
    line = line_of(checkpoint, "vgg_16/fc6")
    assert line is not None and lines[line].startswith("vgg_16/fc6/biases")
    assert line_of(checkpoint, "vgg_16/fc9") is None
    assert line_of(checkpoint, "") is None


def test_an_odd_name_keeps_to_its_line(project):
    project.listing("odd.ckpt", {"a\nb": [2], "a\u202ec": [], "z": [1]})
    checkpoint = project.workspace.load(str(project.root / "odd.ckpt")).checkpoint
    lines = listing(checkpoint).splitlines()
    assert lines[3].startswith("a\\nb ")
    line = line_of(checkpoint, "z")
    assert line is not None and lines[line].split()[0] == "z"


def test_letters_in_order_find_a_variable(vgg16):
    checkpoint = vgg16.workspace.load(str(vgg16.root / "vgg_16.ckpt")).checkpoint
    assert search("fc8w", checkpoint)[0].name == "vgg_16/fc8/weights"
    assert search("zzz", checkpoint) == []


def test_the_best_of_several_checkpoints_come_first_and_are_not_too_many(project):
    project.listing("a.ckpt", {f"net/w{i}": [1] for i in range(200)})
    project.listing("b.ckpt", {"w1": [1]})
    hits = []
    for name in ("a.ckpt", "b.ckpt"):
        hits += search("w1", project.workspace.load(str(project.root / name)).checkpoint)
    found = best_hits("w1", hits)
    assert [hit.name for hit in found[:2]] == ["w1", "net/w1"]
    assert len(found) <= MAX_FOUND


def test_each_scope_folds_from_its_first_to_its_last_variable(project):
    project.listing("a.ckpt", {name: [2] for name in ("a/b/x", "a/b/y", "a/c", "a-b/z", "w")})
    checkpoint = project.workspace.load(str(project.root / "a.ckpt")).checkpoint
    lines = listing(checkpoint).splitlines()
    told = {
        f.name: [line.split()[0] for line in lines[f.first : f.last + 1]] for f in folds(checkpoint)
    }
    assert told == {
        "a": ["a/b/x", "a/b/y", "a/c"],
        "a/b": ["a/b/x", "a/b/y"],
        "a-b": ["a-b/z"],
    }
