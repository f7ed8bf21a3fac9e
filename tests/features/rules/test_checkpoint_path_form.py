"""checkpoint-path-form: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import os
import shutil
import zipfile

import pytest


@pytest.fixture
def runs(project):
    """A directory `runs` with two checkpoints, of which the state file names the second."""
    project.checkpoint("runs/model.ckpt-1", w=[2])
    project.checkpoint("runs/model.ckpt-2", w=[2])
    project.file("runs/checkpoint", 'model_checkpoint_path: "model.ckpt-2"\n')
    return project


def test_a_file_of_the_checkpoint_where_its_prefix_is_wanted(vgg16):
    vgg16.checks(
        """
        tf.train.list_variables("vgg_16.ckpt.index")  # error: [checkpoint-path-form] without `.index`
        tf.train.load_checkpoint("vgg_16.ckpt.data-00000-of-00001")  # error: [checkpoint-path-form] did you mean `vgg_16.ckpt`?
        tf.train.Saver().restore(session, "vgg_16.ckpt.meta")  # error: [checkpoint-path-form]
        slim.assign_from_checkpoint("vgg_16.ckpt.index", {})  # error: [checkpoint-path-form]
        tf.train.list_variables("vgg_16.ckpt")
        """
    )


def test_the_form_needs_no_file(project):
    snippet = 'tf.train.load_checkpoint("elsewhere/model.ckpt.index")'
    assert project.fixed(snippet) == 'tf.train.load_checkpoint("elsewhere/model.ckpt")'


def test_the_end_of_a_path_is_enough(vgg16):
    snippet = 'import os\ntf.train.load_checkpoint(os.path.join(root, "vgg_16.ckpt.index"))'
    assert vgg16.marks(snippet) == ["vgg_16.ckpt.index"]
    assert vgg16.fixed(snippet).endswith('os.path.join(root, "vgg_16.ckpt"))')


def test_a_graph_is_asked_for_by_its_file(vgg16):
    vgg16.checks(
        """
        tf.train.import_meta_graph("vgg_16.ckpt")  # error: [checkpoint-path-form] `vgg_16.ckpt.meta` is not there
        tf.train.import_meta_graph("vgg_16.ckpt.index")  # error: [checkpoint-path-form] which is not there
        """
    )
    assert not [
        each
        for each in vgg16.findings('tf.train.import_meta_graph("vgg_16.ckpt")')[1]
        if each.suggestions
    ]
    vgg16.graph("vgg_16.ckpt.meta", "x")
    vgg16.workspace.store.refresh()
    vgg16.checks(
        """
        tf.train.import_meta_graph("vgg_16.ckpt.meta")
        tf.train.import_meta_graph("vgg_16.ckpt")  # error: [checkpoint-path-form] `vgg_16.ckpt.meta`
        tf.train.import_meta_graph("vgg_16.ckpt.index")  # error: [checkpoint-path-form] `vgg_16.ckpt.meta`
        """
    )


def test_a_directory_where_only_a_prefix_works(runs):
    runs.checks(
        """
        tf.train.Saver().restore(session, "runs")  # error: [checkpoint-path-form] did you mean `runs/model.ckpt-2`?
        tf.train.NewCheckpointReader("runs/")  # error: [checkpoint-path-form]
        tf.train.load_checkpoint("runs")
        tf.train.list_variables("runs")
        tf.train.latest_checkpoint("runs")
        """
    )


def test_a_prefix_where_only_a_directory_works(runs):
    runs.checks(
        """
        tf.train.latest_checkpoint("runs/model.ckpt-2")  # error: [checkpoint-path-form] did you mean `runs`?
        tf.train.get_checkpoint_state("runs/model.ckpt-1")  # error: [checkpoint-path-form]
        tf.train.MonitoredTrainingSession(checkpoint_dir="runs/model.ckpt-1")  # error: [checkpoint-path-form]
        tf.train.get_checkpoint_state("runs/")
        tf.train.MonitoredTrainingSession(checkpoint_dir="runs")
        """
    )


def test_the_state_file_is_no_checkpoint(runs):
    runs.checks(
        """
        tf.train.load_checkpoint("runs/checkpoint")  # error: [checkpoint-path-form] did you mean `runs/model.ckpt-2`?
        tf.train.latest_checkpoint("runs/checkpoint")  # error: [checkpoint-path-form] did you mean `runs`?
        """
    )


def test_a_state_file_that_names_what_is_gone_is_none_either(project):
    project.file("old/checkpoint", 'model_checkpoint_path: "gone"\n')
    project.checks(
        """
        tf.train.load_checkpoint("old/checkpoint")  # error: [checkpoint-path-form] state file
        tf.train.load_checkpoint("old")
        tf.train.load_checkpoint("nowhere/checkpoint")
        """
    )


def test_a_checkpoint_may_be_called_checkpoint(project):
    project.checkpoint("segmenter/checkpoint", w=[2])
    project.checks('tf.train.load_checkpoint("segmenter/checkpoint")')


def test_nobody_expands_a_tilde(project):
    project.checks(
        """
        import os
        tf.train.load_checkpoint("~/ckpts/model.ckpt")  # error: [checkpoint-path-form] does not expand
        tf.train.load_checkpoint(os.path.expanduser("~/ckpts/model.ckpt"))
        tf.train.load_checkpoint("ckpts/~model.ckpt")
        """
    )


def test_a_tilde_is_wrapped_or_written_out(project):
    call = 'tf.train.load_checkpoint("~/model.ckpt")'
    assert project.fixed("import os\n" + call).endswith(
        'load_checkpoint(os.path.expanduser("~/model.ckpt"))'
    )
    home = os.path.expanduser("~")
    assert project.fixed(call) == f'tf.train.load_checkpoint("{home}/model.ckpt")'


def test_functions_that_mend_paths_and_paths_that_are_written_are_silent(vgg16):
    vgg16.checks(
        """
        import tensorpack
        tensorpack.SaverRestore("vgg_16.ckpt.index")
        tf.train.Saver().save(session, "vgg_16.ckpt.index")
        tf.train.export_meta_graph("graph.meta")
        """
    )


def test_the_finding_about_the_path_does_not_hide_those_about_names(vgg16):
    vgg16.checks(
        """
        tf.train.load_variable("vgg_16.ckpt.index", "vgg_16/fc8/weight")  # error: [checkpoint-path-form]  # error: [unknown-variable]
        """
    )


@pytest.fixture
def weights(project):
    """A TensorFlow checkpoint, files of weights and of a model, and folders that hold some."""
    project.checkpoint("cp.ckpt", w=[2])
    project.checkpoint("training/cp.ckpt", w=[2])
    project.checkpoint("saved/variables/variables", w=[2])
    project.file("saved/saved_model.pb", "")
    for name, is_model in (("mere.h5", False), ("model.h5", True), ("no_end", False)):
        project.keras(name, "dense", is_model=is_model)
    return project


HEAD_OF_KERAS = """
import keras
import tf_keras
model = keras.Sequential()
two = tf_keras.Sequential()
"""


def test_what_no_keras_takes(weights):
    weights.checks(
        HEAD_OF_KERAS
        + """
model.load_weights("cp.ckpt.index")  # error: [checkpoint-path-form] for Keras 2; Keras 3
model.load_weights("cp.ckpt.data-00000-of-00001")  # error: [checkpoint-path-form]
model.load_weights("training")  # error: [checkpoint-path-form] this is a directory
model.load_weights("cp.ckpt", by_name=True)  # error: [checkpoint-path-form] load weights by name only
keras.models.load_model("cp.ckpt")  # error: [checkpoint-path-form] expects a whole model
keras.models.load_model("cp.ckpt.index")  # error: [checkpoint-path-form] expects a whole model
keras.models.load_model("mere.h5")  # error: [checkpoint-path-form] holds only weights
keras.models.load_model("training")  # error: [checkpoint-path-form] not a SavedModel
keras.models.load_model("saved/variables/variables")  # error: [checkpoint-path-form] `saved`
keras.models.load_model("~/model.h5")  # error: [checkpoint-path-form] Keras does not expand
model.load_weights("cp.ckpt")
model.load_weights("saved")
model.load_weights("mere.h5", by_name=True)
model.load_weights("no_end")
model.load_weights("elsewhere/cp.ckpt")
keras.models.load_model("model.h5")
keras.models.load_model("saved")
"""
    )


def test_what_keras_3_does_not_take(weights):
    weights.keras("w.weights.h5", "dense")
    weights.settings(keras=3)
    weights.checks(
        HEAD_OF_KERAS
        + """
model.load_weights("cp.ckpt")  # error: [checkpoint-path-form] (the setting `keras` is 3)
model.load_weights("cp.ckpt.index")  # error: [checkpoint-path-form] Keras 3 does not read
model.load_weights("saved")  # error: [checkpoint-path-form]
model.load_weights("no_end")  # error: [checkpoint-path-form] from the file extension
model.load_weights("w.weights.h5", by_name=True)  # error: [checkpoint-path-form] `by_name`
keras.models.load_model("saved")  # error: [checkpoint-path-form] TFSMLayer
model.load_weights("mere.h5", by_name=True)
model.load_weights("mere.h5")
model.load_weights("w.weights.h5")
keras.models.load_model("model.h5")
two.load_weights("cp.ckpt")
two.load_weights("saved")
tf_keras.models.load_model("saved")
"""
    )


def test_what_keras_2_takes_is_offered(weights):
    weights.settings(keras=2)
    for wrong, right in (
        ('model.load_weights("cp.ckpt.index")', 'model.load_weights("cp.ckpt")'),
        ('model.load_weights("training")', 'model.load_weights("training/cp.ckpt")'),
        (
            'keras.models.load_model("saved/variables/variables")',
            'keras.models.load_model("saved")',
        ),
    ):
        assert weights.fixed(HEAD_OF_KERAS + wrong).endswith("\n" + right)


def test_a_checkpoint_may_be_called_like_an_index(weights):
    weights.checkpoint("odd.index", w=[2])
    weights.settings(keras=2)
    weights.checks(HEAD_OF_KERAS + 'model.load_weights("odd.index")')


def test_weights_of_other_classes_are_their_own(weights):
    weights.checks(
        """
        from mrcnn import model as modellib
        model = modellib.MaskRCNN(mode="inference", config=None, model_dir="logs")
        model.load_weights("training")
        unknown.load_weights("cp.ckpt.index")
        """
    )


def test_a_directory_may_have_any_name(project):
    for directory in ("checkpoint", "zoo/checkpoint", "x.index", "model.ckpt", "net.meta"):
        project.checkpoint(f"{directory}/m-7", w=[2])
        project.file(f"{directory}/checkpoint", 'model_checkpoint_path: "m-7"\n')
    project.checks(
        """
        tf.app.flags.DEFINE_string("dir", "checkpoint", "")
        tf.train.latest_checkpoint(tf.app.flags.FLAGS.dir)
        tf.train.latest_checkpoint("./checkpoint")
        tf.train.load_variable("checkpoint/", "w")
        tf.train.list_variables("zoo//checkpoint/")
        tf.train.load_checkpoint("x.index")
        tf.train.load_checkpoint("net.meta/.")
        tf.train.get_checkpoint_state("model.ckpt")
        tf.train.Saver().restore(session, "checkpoint")  # error: [checkpoint-path-form] did you mean `checkpoint/m-7`?
        tf.train.Saver().restore(session, "x.index/")  # error: [checkpoint-path-form] did you mean `x.index/m-7`?
        tf.train.load_checkpoint("checkpoint/checkpoint")  # error: [checkpoint-path-form] did you mean `checkpoint/m-7`?
        """
    )


def test_a_slash_at_the_end_makes_a_prefix_a_directory(runs):
    runs.checks(
        """
        import pathlib
        tf.train.Saver().restore(session, "runs/model.ckpt-2/")  # error: [checkpoint-path-form] did you mean `runs/model.ckpt-2`?
        tf.train.load_checkpoint("runs/model.ckpt-2/.")  # error: [checkpoint-path-form]
        tf.train.load_checkpoint(pathlib.Path("runs") / "model.ckpt-2/")
        tf.train.load_checkpoint("./runs//model.ckpt-2")
        tf.train.load_checkpoint("runs/")
        """
    )


def test_a_directory_without_a_state_file(project):
    project.checkpoint("one/m.ckpt", w=[2])
    project.checkpoint("two/a.ckpt", w=[2])
    project.checkpoint("two/b.ckpt", w=[2])
    (project.root / "empty").mkdir()
    project.checks(
        """
        tf.train.load_checkpoint("one")  # error: [checkpoint-path-form] did you mean `one/m.ckpt`?
        tf.train.load_checkpoint("two")  # error: [checkpoint-path-form] did you mean `two/b.ckpt`?
        tf.train.latest_checkpoint("two")  # warning: [checkpoint-path-form] no state file
        tf.train.load_checkpoint("empty")
        tf.train.latest_checkpoint("empty")
        """
    )
    project.checks('tf.train.MonitoredTrainingSession(checkpoint_dir="two")')
    _, (finding,) = project.findings('tf.train.latest_checkpoint("one")')
    assert finding.suggestions == ()


def test_a_directory_that_the_program_fills_or_has_another_way_into_is_silent(project):
    project.checkpoint("one/m.ckpt", w=[2])
    latest = 'tf.train.latest_checkpoint("one")\n'
    assert project.marks(latest) == ["one"]
    assert project.marks(latest + 'tf.train.Saver().save(session, "one/m.ckpt")') == []
    assert project.marks(latest + 'tf.train.Saver().restore(session, "one/m.ckpt")') == []
    assert project.marks('for path in tf.train.checkpoints_iterator("one"): pass') == []


def test_a_bracket_is_a_pattern_to_tensorflow(project):
    project.checkpoint("fold[1]/m", w=[2])
    project.checkpoint("fold1/m", w=[2])
    project.checks(
        """
        tf.train.load_checkpoint("fold[1]/m")  # error: [checkpoint-path-form] pattern
        tf.train.load_checkpoint("fold1/m")
        tf.train.load_checkpoint("fold[2]/m")
        """
    )


def test_the_parts_of_a_saved_model(project):
    project.file("model/saved_model.pb", "")
    (project.root / "model" / "variables").mkdir()
    project.objects("model/variables/variables", "layer/w")
    project.checks(
        """
        tf.train.load_checkpoint("model")  # error: [checkpoint-path-form] `model/variables/variables`
        tf.train.load_checkpoint("model/variables")  # error: [checkpoint-path-form] `model/variables/variables`
        tf.saved_model.load("model/saved_model.pb")  # error: [checkpoint-path-form] did you mean `model`?
        tf.saved_model.load("model/variables/variables")  # error: [checkpoint-path-form] did you mean `model`?
        tf.train.Saver().restore(session, "model")  # error: [checkpoint-path-form]
        tf.saved_model.load("model/")
        tf.train.Checkpoint().restore("model")
        tf.train.load_checkpoint("model/variables/variables")
        tf.saved_model.contains_saved_model("model/variables")
        """
    )


def test_a_fix_leads_to_what_is_there(project):
    project.checkpoint("one/m.ckpt-1", w=[2])
    for call in (
        'tf.train.load_checkpoint("one/m.ckpt-3.index")',
        'tf.train.import_meta_graph("one/m.ckpt-1.index")',
        'tf.train.latest_checkpoint("one/m.ckpt-1")',
    ):
        _, (finding,) = project.findings(call)
        assert (finding.code, finding.suggestions) == ("checkpoint-path-form", ())


def test_a_path_of_which_the_code_asks_what_it_is_is_silent(runs):
    runs.checks(
        """
        import os
        def opened(path):
            path = path if os.path.isfile(path + ".index") else tf.train.latest_checkpoint(path)
            return tf.train.NewCheckpointReader(path)
        def restored(path):
            if tf.gfile.IsDirectory(path):
                path = tf.train.latest_checkpoint(path)
            tf.train.Saver().restore(session, path)
        opened("runs")
        restored("runs/")
        """
    )


def test_a_literal_that_another_function_takes_is_not_changed(runs):
    flag = 'import os\ntf.app.flags.DEFINE_string("dir", "runs", "")\nF = tf.app.flags.FLAGS\n'
    restore = "tf.train.Saver().restore(session, F.dir)\n"
    assert 'DEFINE_string("dir", "runs/model.ckpt-2", "")' in runs.fixed(flag + restore)
    for other in (
        "tf.train.latest_checkpoint(F.dir)",
        'tf.train.load_checkpoint(os.path.join(F.dir, "model.ckpt-1"))',
        'tf.train.Saver().save(session, F.dir + "/new")',
    ):
        _, found = runs.findings(flag + restore + other)
        assert [(each.code, each.suggestions) for each in found] == [("checkpoint-path-form", ())]


LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"


@pytest.mark.parametrize("with_checkpoint", [True, False])
def test_a_pointer_in_place_of_the_state_file_fires_with_what_to_do(project, with_checkpoint):
    project.file("run/checkpoint", LFS_POINTER)
    project.file("other/checkpoint", "not a state file")
    if with_checkpoint:
        project.checkpoint("run/m-1", w=(2,))
    project.checks(
        """
        tf.train.latest_checkpoint("run")  # warning: [checkpoint-path-form] git lfs pull
        tf.train.load_checkpoint("run")  # error: [checkpoint-path-form] is a Git LFS pointer
        tf.train.latest_checkpoint("other")
        """
    )


def test_a_pointer_given_as_the_state_file_is_unreadable(project):
    project.file("run/checkpoint", LFS_POINTER)
    project.checks(
        """
        tf.train.Saver().restore(session, "run/checkpoint")  # error: [unreadable-checkpoint] git lfs
        """
    )


def test_the_newest_checkpoint_given_to_keras_3_fires(project):
    project.checkpoint("run/m-1", w=(2,))
    project.file("run/checkpoint", 'model_checkpoint_path: "m-1"')
    project.file("gone/checkpoint", 'model_checkpoint_path: "m-1"')
    project.settings(keras=3)
    project.checks(
        """
        import keras
        import tf_keras
        model, two = keras.Sequential(), tf_keras.Sequential()
        model.load_weights(tf.train.latest_checkpoint("run"))  # error: [checkpoint-path-form] Keras 3
        latest = tf.train.latest_checkpoint("./run")  # error: [checkpoint-path-form] Keras 3 reads no TensorFlow checkpoints
        if latest:
            model.load_weights(latest)
        two.load_weights(tf.train.latest_checkpoint("run/"))
        model.load_weights(tf.train.latest_checkpoint("gone"))
        tf.train.Checkpoint(model=model).restore(tf.train.latest_checkpoint("run/../run"))
        """
    )


def test_files_of_keras_under_each_others_endings_fire(project):
    project.keras("model.h5", "dense", is_model=True)
    project.keras("model.keras", "dense", is_model=True)
    with zipfile.ZipFile(project.root / "hidden.h5", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.write(project.root / "model.h5", "model.weights.h5")
    shutil.copy(project.root / "hidden.h5", project.root / "right.keras")
    snippet = """
        import keras
        model = keras.Sequential()
        model.load_weights("hidden.h5")  # error: [checkpoint-path-form] a `.keras` archive
        keras.models.load_model("hidden.h5")  # error: [checkpoint-path-form] rename the file
        keras.models.load_model("right.keras")
        keras.models.load_model("model.h5")
        keras.models.load_model("model.keras"){}
        """
    project.checks(snippet.format(""))  # Keras 2 looks at what a file holds
    project.settings(keras=3)
    project.checks(snippet.format("  # error: [checkpoint-path-form] this is an HDF5 file"))


def test_the_variables_of_a_saved_model_lead_to_its_directory(project):
    project.checkpoint("saved/variables/variables", w=(2,))
    project.file("saved/saved_model.pb", "")
    project.checkpoint("other/variables/variables", w=(2,))
    project.settings(keras=2)
    snippet = """
import keras
keras.models.load_model("{}")
keras.models.load_model("other/variables")
"""
    assert project.fixed(snippet.format("saved/variables")) == snippet.format("saved")
    assert project.fixed(snippet.format("saved/variables/variables")) == snippet.format("saved")
