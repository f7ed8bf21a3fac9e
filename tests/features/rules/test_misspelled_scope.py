"""misspelled-scope: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

from textwrap import dedent

RESTORE = 'tf.train.Saver().restore(session, "vgg_16.ckpt")\n'


def test_a_slip_in_a_scope_fires_once_at_the_string_it_is_in(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16"):
            with tf.variable_scope("cnov1"):  # warning: [misspelled-scope] did you mean `vgg_16/conv1`?
                with tf.variable_scope("conv1_1"):
                    tf.get_variable("weights", [3, 3, 3, 64])
        """
    )


def test_a_slip_in_a_layer_and_in_a_variable_fires(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16"):
            net = slim.repeat(net, 2, slim.conv2d, 64, [3, 3], scope="Conv1")  # warning: [misspelled-scope] `vgg_16/conv1`
            net = tf.layers.conv2d(net, 64, 3, name="covn2")  # warning: [misspelled-scope] `vgg_16/conv2`
            with tf.variable_scope("conv3/conv3_1"):
                tf.get_variable("weigths", [3, 3, 128, 256])  # warning: [misspelled-scope] `vgg_16/conv3/conv3_1/weights`
        """
    )


def test_the_fix_changes_only_the_wrong_segment(vgg16):
    snippet = RESTORE + 'with tf.variable_scope("vgg_16/cnov1/conv1_1"):\n    pass\n'
    assert 'variable_scope("vgg_16/conv1/conv1_1")' in vgg16.fixed(snippet)


STACK = """
    import contextlib
    tf.train.Saver().restore(session, "vgg_16.ckpt")
    {stack}
        stack.enter_context(tf.variable_scope("vgg_16"))
        with tf.variable_scope("cnov1"):{found}
            tf.get_variable("weights", [2])
        with tf.variable_scope("vgg_61"):
            tf.get_variable("weights", [2])
    """


def test_a_slip_in_a_scope_of_a_stack_fires_where_it_is_known_what_stands_around_it(vgg16):
    found = "  # warning: [misspelled-scope] `vgg_16/conv1`"
    vgg16.checks(STACK.format(stack="with contextlib.ExitStack() as stack:", found=found))
    # The scope may be left before, by whoever has the stack.
    vgg16.checks(STACK.format(stack="def build(stack):", found=""))


def test_a_new_head_is_silent(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16"):
            with tf.variable_scope("flowers"):
                tf.get_variable("weights", [4096, 5])
            slim.fully_connected(net, 5, scope="logits")
        """
    )


def test_names_that_differ_in_digits_only_are_other_names(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16"):
            slim.conv2d(net, 5, [1, 1], scope="fc9")
            slim.conv2d(net, 5, [1, 1], scope="conv6")
        """
    )


def test_a_name_near_one_that_the_code_uses_is_another_name(vgg16):
    snippet = """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16"):
            slim.conv2d(net, 64, [3, 3], scope="{}")
            slim.conv2d(net, 64, [3, 3], scope="covn1")
        """
    assert vgg16.marks(dedent(snippet).format("something")) == ["covn1"]
    assert vgg16.marks(dedent(snippet).format("conv1")) == []


def test_two_names_equally_near_are_silent(project):
    project.checkpoint("a.ckpt", net__left__w=[2], net__lift__w=[2])
    project.checks(
        """
        tf.train.Saver().restore(session, "a.ckpt")
        with tf.variable_scope("net"):
            with tf.variable_scope("loft"):
                tf.get_variable("w", [2])
        """
    )


def test_what_merely_lies_in_the_workspace_proves_nothing(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    code = 'with tf.variable_scope("vgg16_"):\n    pass\n'
    assert vgg16.marks(code) == []
    assert vgg16.marks(RESTORE + code) == ["vgg16_"]


def test_scopes_that_the_program_decides_are_silent(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        def block(scope):
            with tf.variable_scope(scope):
                with tf.variable_scope("cnov1"):
                    pass
        """
    )


def test_a_scope_from_a_call_is_known_inside_the_function(vgg16):
    snippet = """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        def block(scope):
            with tf.variable_scope(scope):
                tf.get_variable("weights")
        with tf.variable_scope("vgg_16"):
            block("fc6")
            block("f7c")
        """
    assert vgg16.marks(snippet) == ["f7c"]


def test_leaving_and_entering_scopes_again_counts(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16") as scope:
            pass
        with tf.variable_scope("elsewhere"):
            with tf.variable_scope(scope, reuse=True):
                with tf.variable_scope("cnov1"):  # warning: [misspelled-scope]
                    pass
        with tf.variable_scope("cnov1"):
            pass
        """
    )


def test_name_scope_does_not_prefix_variables(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.name_scope("tower"):
            with tf.variable_scope("vgg16_"):  # warning: [misspelled-scope] `vgg_16`
                pass
        """
    )


def test_names_of_objects_are_no_scopes(project):
    project.objects("tf2-1", "model/w=w", "encoder/w=w")
    project.checks(
        """
        tf.train.Saver().restore(session, "tf2-1")
        with tf.variable_scope("modle"):
            pass
        """
    )


def test_variables_of_layers_are_names_that_the_code_uses(project):
    project.checkpoint("a.ckpt", net__weights=[2])
    snippet = """
        tf.train.Saver().restore(session, "a.ckpt")
        with tf.variable_scope("net"):
            tf.get_variable("weihgts", [2])
        {}
        """
    assert project.marks(dedent(snippet).format("")) == ["weihgts"]
    layer = 'slim.fully_connected(x, 2, scope="net")'
    assert project.marks(dedent(snippet).format(layer)) == []


def test_a_version_behind_the_name_of_a_model_is_no_slip(project):
    project.checkpoint("a.ckpt", MobilenetV1__Conv2d_0__weights=[3])
    project.checks(
        """
        tf.train.Saver().restore(session, "a.ckpt")
        with tf.variable_scope("Mobilenet"):
            pass
        with tf.variable_scope("MobilenteV1"):  # warning: [misspelled-scope] MobilenetV1
            pass
        """
    )


def test_a_slip_in_the_name_of_a_cell_fires_where_the_cell_runs(project):
    project.checkpoint("a.ckpt", net__encoder__first__kernel=[2], first__w=[2])
    code = """
        tf.train.Saver().restore(session, "a.ckpt")
        cell = tf.nn.rnn_cell.LSTMCell(4, name="frist")  # warning: [misspelled-scope] `net/encoder/first`
        with tf.variable_scope("net"):
            {}
        """
    project.checks(code.format('tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, scope="encoder")'))
    silent = code.replace("# warning", "# no warning")
    project.checks(silent.format("run(cell)"))
    project.checks(silent.format("cell(x, state, scope='decoder')"))
    project.checks(silent.format("tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, scope=scope)"))


def test_the_scope_of_a_template_is_that_of_its_first_call(project):
    project.checkpoint("a.ckpt", net__encoder__w=[2])
    project.checks(
        """
        tf.train.Saver().restore(session, "a.ckpt")
        encode = tf.make_template("encodre", build)  # warning: [misspelled-scope] `net/encoder`
        decode = tf.make_template("encodr", build)
        with tf.variable_scope("net"):
            encode(x)
        """
    )
