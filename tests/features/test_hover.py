"""What is told about the name under the cursor."""

from __future__ import annotations

from checkpoint.crafted_objects import GRAPH, write


def test_a_variable_tells_dtype_shape_size_and_checkpoint(vgg16):
    text = vgg16.hover('tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8<cursor>/weights")')
    assert "vgg_16/fc8/weights" in text
    assert "float32 [1, 1, 4096, 1000] · 4,096,000 parameters · 16.4 MB" in text
    assert "in vgg_16.ckpt" in text


def test_a_scope_tells_what_is_under_it(vgg16):
    text = vgg16.hover(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg<cursor>_16/conv1"):
            pass
        """
    )
    assert "4 variables · 38,720 parameters · 155 kB" in text
    assert "- conv1_1/ 2 variables, 1,792 parameters" in text


def test_a_name_of_the_model_is_looked_up_with_the_scopes_around_it(vgg16):
    text = vgg16.hover(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16"), tf.variable_scope("fc6"):
            tf.get_variable("bi<cursor>ases", [4096])
        """
    )
    assert "vgg_16/fc6/biases" in text
    assert "float32 [4096]" in text


def test_a_template_tells_how_many_names_match(vgg16):
    text = vgg16.hover(
        """
        def read(i):
            return tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc%d<cursor>/biases" % i)
        """
    )
    assert "vgg_16/fc{}/biases matches 3 variables" in text
    assert "vgg_16/fc8/biases float32 [1000]" in text


def test_a_name_that_is_not_there_tells_the_nearest(vgg16):
    text = vgg16.hover('tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/wei<cursor>gth")')
    assert "vgg_16/fc8/weigth is not in vgg_16.ckpt" in text
    assert "nearest: vgg_16/fc8/weights" in text


def test_a_path_tells_what_it_is(vgg16):
    text = vgg16.hover('tf.train.load_checkpoint("vgg_1<cursor>6.ckpt")')
    assert "V2 checkpoint · 34 variables · 553 MB" in text


def test_a_path_tells_step_and_time(project):
    project.checkpoint("model.ckpt-1200", w=[2])
    text = project.hover('tf.train.load_checkpoint("model.ckpt<cursor>-1200")')
    assert "step 1,200 · written 20" in text


def test_a_damaged_checkpoint_says_so_at_its_path(project):
    (project.root / "bad.ckpt.index").write_bytes(b"x" * 100)
    text = project.hover('tf.train.load_checkpoint("bad<cursor>.ckpt")')
    assert "bad.ckpt.index" in text


def test_text_that_names_nothing_has_no_hover(vgg16):
    assert vgg16.hover('print("vgg_16<cursor>/fc8/weights")') == ""


def test_control_characters_in_names_are_shown_as_escapes(project):
    project.listing("odd.ckpt", {"a\u202eb/`w": [2]})
    text = project.hover('tf.train.load_variable("odd.ckpt", "a\u202eb/`w<cursor>")')
    assert "\u202e" not in text
    assert "\\u202e" in text


def test_a_variable_tells_what_optimizers_keep_for_it(project):
    project.checkpoint("a.ckpt", w=[2], w__Adam=[2], w__Adam_1=[2], beta1_power=[])
    hover = 'tf.train.load_variable("a.ckpt", "{}<cursor>")'
    assert "kept for it: Adam, Adam_1" in project.hover(hover.format("w"))
    assert "slot Adam_1 of an optimizer, for w" in project.hover(hover.format("w/Adam_1"))
    assert "bookkeeping" in project.hover(hover.format("beta1_power"))


def test_a_moving_average_tells_whose_it_is(project):
    project.checkpoint("a.ckpt", w=[2], w__ExponentialMovingAverage=[2])
    hover = 'tf.train.load_variable("a.ckpt", "w/ExponentialMovingAverage<cursor>")'
    assert "moving average of w" in project.hover(hover)


def test_an_ordinary_variable_is_told_without_kinship(project):
    project.checkpoint("a.ckpt", w=[2], w__other=[3])
    text = project.hover('tf.train.load_variable("a.ckpt", "w/other<cursor>")')
    assert "w/other" in text
    assert "kept" not in text
    assert "slot" not in text


def test_a_key_of_objects_tells_what_the_model_called_it(project):
    write(project.root / "m.ckpt", GRAPH)
    key = "net/w/.ATTRIBUTES/VARIABLE_VALUE"
    text = project.hover(f'tf.train.load_variable("m.ckpt", "{key}<cursor>")')
    assert "called net/w in the model" in text
    assert "kept for it: m" in text


def test_the_name_that_the_model_used_is_found_in_a_checkpoint_of_objects(project):
    write(project.root / "m.ckpt", GRAPH)
    text = project.hover('tf.train.load_variable("m.ckpt", "Adam/net/w/m<cursor>")')
    assert "net/w/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE" in text
    assert "slot m of an optimizer, for net/w/.ATTRIBUTES/VARIABLE_VALUE" in text
