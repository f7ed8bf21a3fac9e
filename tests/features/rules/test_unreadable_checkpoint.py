"""unreadable-checkpoint: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import zipfile

from ckptls.features.hover.explain import explain
from ckptls.features.paths.unread_checkpoints import explain_unread_checkpoints


def test_a_file_that_is_cut_short_fires(vgg16):
    index = vgg16.root / "vgg_16.ckpt.index"
    snippet = 'tf.train.load_checkpoint("vgg_16.ckpt")'
    assert vgg16.marks(snippet) == []
    index.write_bytes(index.read_bytes()[:-100])
    vgg16.workspace.store.refresh()
    vgg16.checks(snippet + "  # error: [unreadable-checkpoint] cannot be read")


def test_the_message_says_where(vgg16):
    index = vgg16.root / "vgg_16.ckpt.index"
    content = bytearray(index.read_bytes())
    content[10] ^= 0xFF
    index.write_bytes(content)
    _, (finding,) = vgg16.findings('tf.train.Saver().restore(session, "vgg_16.ckpt")')
    assert finding.code == "unreadable-checkpoint"
    assert "vgg_16.ckpt.index" in finding.message


def test_a_pointer_of_git_lfs_fires_with_what_to_do(project):
    project.file("model.ckpt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    project.checks(
        'tf.train.load_checkpoint("model.ckpt")  # error: [unreadable-checkpoint] git lfs pull'
    )


def test_what_is_written_or_not_there_is_silent(project):
    project.file("model.ckpt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    project.checks(
        """
        tf.train.Saver().save(session, "model.ckpt")
        tf.train.load_checkpoint("other")
        """
    )


def test_names_of_an_unreadable_checkpoint_are_silent(project):
    project.file("model.ckpt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    project.checks('tf.train.load_variable("model.ckpt", "w")  # error: [unreadable-checkpoint]')


def cut(project, name: str, size: int) -> None:
    """A data file of that size; the crafted index wants one byte a variable or more."""
    (project.root / f"{name}.data-00000-of-00001").write_bytes(bytes(size))


def test_data_that_is_cut_short_fires_where_it_is_read(vgg16):
    calls = """
        tf.train.Saver().restore(session, "vgg_16.ckpt"){}
        tf.train.load_checkpoint("vgg_16.ckpt").get_tensor("vgg_16/fc8/biases"){}
        tf.train.list_variables("vgg_16.ckpt")
        tf.train.load_checkpoint("vgg_16.ckpt").get_variable_to_shape_map()
        """
    vgg16.checks(calls.format("", ""))  # an index alone is a way to pass on names
    cut(vgg16, "vgg_16.ckpt", 1_000)
    vgg16.workspace.store.refresh()
    fires = "  # error: [unreadable-checkpoint] has 1,000 bytes and should have"
    vgg16.checks(calls.format(fires, fires))


def test_a_restore_of_some_variables_may_do_without_the_lost_ones(vgg16):
    cut(vgg16, "vgg_16.ckpt", 1_000_000)
    vgg16.checks(
        """
        some = slim.get_variables_to_restore(include=["vgg_16/conv1"])
        slim.assign_from_checkpoint_fn("vgg_16.ckpt", some)
        """
    )


def test_the_directory_whose_newest_checkpoint_is_cut_short_fires(vgg16):
    cut(vgg16, "vgg_16.ckpt", 1_000)
    vgg16.file("checkpoint", 'model_checkpoint_path: "vgg_16.ckpt"\n')
    vgg16.checks(
        """
        tf.train.Saver().restore(session, tf.train.latest_checkpoint("."))  # error: [unreadable-checkpoint]
        """
    )


def test_weights_of_keras_fire_where_a_saver_is_to_read_them(project):
    project.keras("weights.h5", "dense")
    (project.root / "named").mkdir()
    project.keras("named/checkpoint", "dense")
    project.checks(
        """
        tf.train.Saver().restore(session, "weights.h5")  # error: [unreadable-checkpoint]
        tf.train.load_checkpoint("named/checkpoint")  # error: [unreadable-checkpoint]
        tf.train.Checkpoint().read("weights.h5")  # error: [unreadable-checkpoint]
        slim.assign_from_checkpoint("weights.h5", {})  # error: [unreadable-checkpoint]
        """
    )


def test_messages_name_paths_as_the_code_or_the_workspace_does(project):
    project.file("runs/model.ckpt.index", "not an index")
    _, (finding,) = project.findings('tf.train.load_checkpoint("./runs/model.ckpt")')
    assert str(project.root) not in finding.message
    assert "runs/model.ckpt.index" in finding.message


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"


def test_files_without_weights_fire_where_keras_is_to_read_them(project):
    for name in ("w.weights.h5", "m.h5", "m.keras", "saved/saved_model.pb"):
        project.file(name, POINTER)
    project.file("page.h5", "<!DOCTYPE html><html><body>Not found</body></html>")
    (project.root / "packed.h5").write_bytes(b"\x1f\x8b\x08" + bytes(40))
    project.checks(
        """
        import keras
        model = keras.Sequential()
        model.load_weights("w.weights.h5")  # error: [unreadable-checkpoint] git lfs pull
        model.load_weights("page.h5")  # error: [unreadable-checkpoint] web page
        keras.models.load_model("m.keras")  # error: [unreadable-checkpoint] git lfs pull
        keras.models.load_model("m.h5")  # error: [unreadable-checkpoint] git lfs pull
        keras.models.load_model("packed.h5")  # error: [unreadable-checkpoint] gzip archive
        keras.models.load_model("saved")  # error: [unreadable-checkpoint] this graph cannot be read
        """
    )


def test_a_pointer_in_the_place_of_a_graph_fires(project):
    project.file("run/m.ckpt-1.meta", POINTER)
    project.checkpoint("run/m.ckpt-1", w=[2])
    project.file("saved/saved_model.pb", POINTER)
    project.graph("other.meta", "input")
    project.checks(
        """
        tf.train.import_meta_graph("run/m.ckpt-1.meta")  # error: [unreadable-checkpoint] git lfs pull
        tf.saved_model.load("saved")  # error: [unreadable-checkpoint] `saved/saved_model.pb`
        tf.train.load_checkpoint("run/m.ckpt-1")
        tf.train.import_meta_graph("other.meta")
        """
    )


def test_json_and_zip_may_be_weights_to_keras(project):
    project.file("model.weights.json", "{}")
    with zipfile.ZipFile(project.root / "some.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    project.checks(
        """
        import keras
        model = keras.Sequential()
        model.load_weights("model.weights.json")
        model.load_weights("some.zip")
        """
    )


def test_an_index_beyond_the_limits_is_not_looked_into_and_no_finding(project):
    with open(project.root / "large.index", "wb") as file:
        file.truncate((1 << 30) + 1)
    project.file("small.index", "junk")
    snippet = """
        tf.train.load_checkpoint("large")
        tf.train.load_checkpoint("small")  # error: [unreadable-checkpoint]
        """
    project.checks(snippet)
    assert explain_unread_checkpoints(project.binder(snippet)) == {
        "large": "an index of more than 1 GiB is not read"
    }


def test_a_pointer_fires_although_it_is_longer_than_the_values(project):
    project.checkpoint("m", w=(2,))
    snippet = 'tf.train.Saver().restore(session, "m"){}'
    cut(project, "m", 300)
    project.checks(snippet.format(""))
    project.file("m.data-00000-of-00001", POINTER)
    project.workspace.store.refresh()
    project.checks(snippet.format("  # error: [unreadable-checkpoint] git lfs pull"))


def test_hover_and_the_answer_of_doctor_say_what_is_lost(project):
    project.checkpoint("m", w=(2,))
    snippet = 'tf.train.Saver().restore(session, "m<cursor>")'
    cut(project, "m", 300)
    assert "cannot be read completely" not in project.hover(snippet)
    project.file("m.data-00000-of-00001", POINTER)
    project.workspace.store.refresh()
    assert "cannot be read completely: m.data-00000-of-00001: it is a Git LFS" in project.hover(
        snippet
    )
    opened, offset = project.opened(snippet)
    told = explain(
        opened.document,
        offset,
        lambda analysis: project.workspace.binder(opened, analysis, project.workspace.load),
    )
    assert "cannot be read completely" in told.text
