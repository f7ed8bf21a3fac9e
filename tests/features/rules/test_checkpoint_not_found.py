"""checkpoint-not-found: where it fires, and the neighbours that stay silent."""

from __future__ import annotations


def test_a_slip_in_the_name_fires(vgg16):
    snippet = 'tf.train.load_checkpoint("vgg16.ckpt")'
    vgg16.checks(snippet + "  # warning: [checkpoint-not-found] did you mean `vgg_16.ckpt`?")
    assert vgg16.fixed(snippet) == 'tf.train.load_checkpoint("vgg_16.ckpt")'


def test_a_missing_step_fires_with_the_latest_first(project):
    project.checkpoint("ckpts/model.ckpt-900", w=[2])
    project.checkpoint("ckpts/model.ckpt-1000", w=[2])
    snippet = 'tf.train.Saver().restore(session, "ckpts/model.ckpt")'
    project.checks(snippet + "  # warning: [checkpoint-not-found] `ckpts/model.ckpt-1000`")
    _, (finding,) = project.findings(snippet)
    assert finding.suggestions == ("ckpts/model.ckpt-1000", "ckpts/model.ckpt-900")


def stated(project, directory, name="model.ckpt"):
    """A checkpoint in a directory, with a state file that names it."""
    project.checkpoint(f"{directory}/{name}", w=[2])
    project.file(f"{directory}/checkpoint", f'model_checkpoint_path: "{name}"\n')


def test_a_slip_in_a_directory_fires(project):
    stated(project, "checkpoints")
    stated(project, "checkpoints/run")
    project.checks(
        """
        tf.train.load_checkpoint("chekpoints/model.ckpt")  # warning: [checkpoint-not-found] `checkpoints/model.ckpt`
        tf.train.latest_checkpoint("chekpoints/run")  # warning: [checkpoint-not-found] `checkpoints/run`
        tf.train.latest_checkpoint("chekpoints")  # warning: [checkpoint-not-found] `checkpoints`
        tf.train.list_variables("chekpoints/")  # warning: [checkpoint-not-found] `checkpoints`
        tf.train.latest_checkpoint("checkpoints")
        tf.train.NewCheckpointReader("chekpoints")
        """
    )


def test_a_directory_without_checkpoints_is_no_better(project):
    (project.root / "logs").mkdir()
    project.checks('tf.train.latest_checkpoint("log")')
    project.checkpoint("logs/m.ckpt", w=[2])
    project.workspace.store.refresh()
    # Without a state file TensorFlow finds nothing in there either.
    project.checks('tf.train.latest_checkpoint("log")')
    stated(project, "logs", "m.ckpt")
    project.workspace.store.refresh()
    project.checks('tf.train.latest_checkpoint("log")  # warning: [checkpoint-not-found] `logs`')


def test_a_path_put_together_is_mended_where_it_is_written(vgg16):
    snippet = 'import os\nROOT = "."\ntf.train.load_checkpoint(os.path.join(ROOT, "vgg16.ckpt"))'
    assert vgg16.marks(snippet) == ["vgg16.ckpt"]
    assert 'join(ROOT, "vgg_16.ckpt")' in vgg16.fixed(snippet)


def test_what_is_not_downloaded_or_not_near_is_silent(vgg16):
    vgg16.checkpoint("a.ckpt", w=[2])
    vgg16.checks(
        """
        tf.train.load_checkpoint("inception_v3.ckpt")
        tf.train.load_checkpoint("b.ckpt")
        tf.train.load_checkpoint("/nowhere/at/all/vgg_16.ckpt")
        tf.train.load_checkpoint("gs://bucket/vgg16.ckpt")
        """
    )


def test_another_step_is_silent(project):
    project.checkpoint("model.ckpt-1000", w=[2])
    project.checks('tf.train.load_checkpoint("model.ckpt-2000")')


def test_what_the_program_saves_is_silent(project):
    project.checkpoint("model.ckpt-1000", w=[2])
    restore = 'tf.train.Saver().restore(session, "model.ckpt")\n'
    assert project.marks(restore) == ["model.ckpt"]
    assert project.marks(restore + 'tf.train.Saver().save(session, "model.ckpt")') == []
    stated(project, "logs/m.ckpt")
    latest = 'tf.train.latest_checkpoint("log/m.ckpt")\n'
    assert project.marks(latest) == ["log/m.ckpt"]
    assert project.marks(latest + 'slim.learning.train(op, "log")') == []


def test_what_the_program_asks_for_first_is_silent(vgg16):
    vgg16.checks(
        """
        import os
        if os.path.exists("vgg16.ckpt.index"):
            tf.train.Saver().restore(session, "vgg16.ckpt")
        """
    )


def test_a_file_found_from_another_root_is_silent(vgg16):
    snippet = 'tf.train.load_checkpoint("vgg16.ckpt")'
    assert vgg16.marks(snippet) == ["vgg16.ckpt"]
    vgg16.checkpoint("pretrained/vgg16.ckpt", w=[2])
    vgg16.settings(search_paths=["pretrained"])
    assert vgg16.marks(snippet) == []


def test_names_in_a_checkpoint_that_is_not_there_are_silent(vgg16):
    vgg16.checks(
        """
        tf.train.load_variable("vgg16.ckpt", "vgg_16/fc8/weight")  # warning: [checkpoint-not-found]
        """
    )


def test_a_blank_in_a_path_fires(project):
    project.checkpoint("runs/model.ckpt-1", w=[2])
    project.graph("runs/model.ckpt-1.meta", "x")
    project.checks(
        """
        tf.train.import_meta_graph("runs/model.ckpt-1 .meta")  # warning: [checkpoint-not-found] `runs/model.ckpt-1.meta`
        tf.train.load_checkpoint(" runs/model.ckpt-1")  # warning: [checkpoint-not-found] `runs/model.ckpt-1`
        tf.train.load_checkpoint("runs/model.ckpt-1 ")  # warning: [checkpoint-not-found]
        tf.train.import_meta_graph("runs/model.ckpt-1.meta")
        """
    )


def test_the_graph_of_a_missing_step_fires_where_it_is_there(project):
    project.checkpoint("runs/model.ckpt-1", w=[2])
    project.checks('tf.train.import_meta_graph("runs/model.ckpt.meta")')
    project.graph("runs/model.ckpt-1.meta", "x")
    project.workspace.store.refresh()
    snippet = 'tf.train.import_meta_graph("runs/model.ckpt.meta")'
    project.checks(snippet + "  # warning: [checkpoint-not-found]")
    assert project.fixed(snippet) == 'tf.train.import_meta_graph("runs/model.ckpt-1.meta")'


def test_half_a_prefix_fires(project):
    project.checkpoint("runs/net.ckpt-7", w=[2])
    project.checks(
        """
        tf.train.Saver().restore(session, "./runs/net")  # warning: [checkpoint-not-found] did you mean `./runs/net.ckpt-7`?
        tf.train.Saver().restore(session, "runs/ne")
        tf.train.Saver().restore(session, "runs/network")
        """
    )


def test_a_folder_left_out_or_too_many_fires(project):
    project.checkpoint("data/ckpts/model.ckpt", w=[2])
    project.checkpoint("flat.ckpt", w=[2])
    project.checks(
        """
        tf.train.load_checkpoint("ckpts/model.ckpt")  # warning: [checkpoint-not-found] `data/ckpts/model.ckpt`
        tf.train.load_checkpoint("data/model.ckpt")  # warning: [checkpoint-not-found] `data/ckpts/model.ckpt`
        tf.train.load_checkpoint("data/flat.ckpt")  # warning: [checkpoint-not-found] `flat.ckpt`
        tf.train.load_checkpoint("other/more/model.ckpt")
        tf.train.load_checkpoint("data/ckpts/flat.ckpt")
        """
    )


def test_a_directory_that_was_moved_fires(project):
    project.checkpoint("home/model", w=[2])
    project.file("home/checkpoint", 'model_checkpoint_path: "/first/home/model"\n')
    project.checks(
        """
        tf.train.latest_checkpoint("home")  # warning: [checkpoint-not-found] `home/model` is there
        tf.train.load_checkpoint("home")  # warning: [checkpoint-not-found] did you mean `home/model`?
        tf.train.MonitoredTrainingSession(checkpoint_dir="home")  # warning: [checkpoint-not-found]
        tf.train.Saver().restore(session, "home")  # error: [checkpoint-path-form] did you mean `home/model`?
        tf.train.load_checkpoint("home/model")
        """
    )
    _, (finding,) = project.findings('tf.train.latest_checkpoint("home")')
    assert finding.suggestions == ()


def test_the_name_alone_of_what_a_moved_state_file_says_is_silent(project):
    project.checkpoint("home/model", w=[2])
    project.file("home/checkpoint", 'model_checkpoint_path: "/first/home/model"\n')
    state = 'import os\nstate = tf.train.get_checkpoint_state("home")\n'
    restore = "tf.train.Saver().restore(session, {})\n"
    name = "os.path.basename(state.model_checkpoint_path)"
    assert project.marks(state + restore.format("state.model_checkpoint_path")) == ["home"]
    assert project.marks(state + restore.format(f'os.path.join("home", {name})')) == []


def test_a_directory_that_is_saved_to_first_is_silent(project):
    project.checkpoint("home/model", w=[2])
    project.file("home/checkpoint", 'model_checkpoint_path: "/first/home/model"\n')
    save, latest = (
        'tf.train.Saver().save(session, "home/model")\n',
        'tf.train.latest_checkpoint("home")\n',
    )
    assert project.marks(save + latest) == []
    assert project.marks(latest + save) == ["home"]


def test_a_state_file_that_leads_out_of_its_directory_is_followed_by_tensorflow(project):
    project.checkpoint("old/model", w=[2])
    project.checkpoint("home/model", other=[2])
    project.file("home/checkpoint", f'model_checkpoint_path: "{project.root}/old/model"\n')
    # What TensorFlow opens is not what lies beside the state file: nothing is said of names.
    project.checks(
        """
        tf.train.latest_checkpoint("home")
        tf.train.load_variable("home", "w")
        """
    )


def test_a_path_that_is_right_from_a_folder_above_the_file_is_silent(project):
    project.checkpoint("data/ckpts/m.ckpt", w=[2])
    snippet = 'tf.train.load_checkpoint("ckpts/m.ckpt")'
    project.checks_as("lab/net/train.py", snippet + "  # warning: [checkpoint-not-found]")
    project.checkpoint("lab/ckpts/m.ckpt", w=[2])
    project.workspace.store.refresh()
    project.checks_as("lab/net/train.py", snippet)
    # Run from the folder that holds the workspace.
    project.checks_as(
        "train.py", f'tf.train.load_checkpoint("{project.root.name}/data/ckpts/m.ckpt")'
    )


def test_the_extension_left_out_before_the_step_fires(project):
    project.checkpoint("runs/net.ckpt-10", w=[2])
    project.checkpoint("runs/other.ckpt-20", w=[2])
    project.checks(
        """
        tf.train.load_checkpoint("runs/net-10")  # warning: [checkpoint-not-found] `runs/net.ckpt-10`
        tf.train.load_checkpoint("runs/net-20")
        """
    )


def test_half_the_path_of_a_file_of_keras_fires(project):
    project.keras("w.h5", "dense")
    project.checkpoint("training/cp.ckpt", w=[2])
    snippet = "import tf_keras\nmodel = tf_keras.Sequential()\n"
    project.checks(
        snippet
        + """
model.load_weights("w")  # warning: [checkpoint-not-found] `w.h5`
model.load_weights("training/cp")  # warning: [checkpoint-not-found] `training/cp.ckpt`
model.load_weights("training/cp", by_name=True)
tf_keras.models.load_model("training/cp")
tf_keras.models.load_model("w")
model.load_weights("training/checkpoint")
"""
    )
    project.settings(keras=3)
    snippet = snippet.replace("tf_keras", "keras")
    project.checks(
        snippet
        + """
model.load_weights("w")  # warning: [checkpoint-not-found] `w.h5`
model.load_weights("training/cp")
"""
    )


def test_messages_name_paths_below_the_workspace_only(project):
    project.checkpoint("runs/exp1/m.ckpt", w=[2])
    _, (finding,) = project.findings(
        """
        from pathlib import Path
        root = Path(__file__).resolve().parent
        tf.train.load_checkpoint(root / "run" / "exp1" / "m.ckpt")
        tf.train.load_checkpoint("runs/exp1/m.ckpt")
        """
    )
    assert finding.message == (
        "there is no checkpoint at `run/exp1/m.ckpt`; did you mean `runs/exp1/m.ckpt`?"
    )
