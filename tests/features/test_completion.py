"""What is offered inside the quotes."""

from __future__ import annotations

import pytest


def test_a_reader_offers_the_top_level_with_shapes(vgg16):
    vgg16.completes(
        """
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        reader.get_tensor("<cursor>")
        """,
        offers=[
            "vgg_16/  33 variables",
            "global_step  int64 []",
            "vgg_16/conv1/conv1_1/weights  float32 [3, 3, 3, 64]",
        ],
        first="vgg_16/",
    )


def test_typing_a_scope_offers_its_next_level_first(vgg16):
    vgg16.completes(
        'tf.train.load_variable("vgg_16.ckpt", "vgg_16/conv5/<cursor>")',
        offers=["vgg_16/conv5/conv5_3/  2 variables"],
        first="vgg_16/conv5/conv5_1/",
        replaces="vgg_16/conv5/",
    )


def test_the_whole_text_between_the_quotes_is_replaced(vgg16):
    vgg16.completes(
        'tf.train.load_variable("vgg_16.ckpt", "vgg_16/<cursor>conv1")',
        offers=["vgg_16/fc8/weights"],
        replaces="vgg_16/conv1",
    )


def test_get_variable_offers_names_below_the_scopes_around_it(vgg16):
    vgg16.completes(
        """
        saver = tf.train.Saver()
        saver.restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16"):
            with tf.variable_scope("conv1/conv1_1"):
                w = tf.get_variable("<cursor>")
        """,
        offers=["biases  float32 [64]", "weights  float32 [3, 3, 3, 64]"],
        never=["vgg_16/", "conv1/"],
    )


def test_the_shape_that_is_wanted_comes_first(vgg16):
    vgg16.completes(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16/conv1/conv1_1"):
            w = tf.get_variable("<cursor>", shape=[3, 3, 3, 64])
        """,
        first="weights",
    )


def test_variable_scope_offers_scopes_without_a_slash_and_no_variables(vgg16):
    vgg16.completes(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("<cursor>"):
            pass
        """,
        offers=["vgg_16  33 variables", "vgg_16/conv1  4 variables"],
        never=["global_step", "vgg_16/"],
    )


def test_a_layer_offers_scopes_below_the_scope_around_it(vgg16):
    vgg16.completes(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16"):
            net = slim.conv2d(net, 64, [3, 3], scope="c<cursor>")
        """,
        offers=["conv1", "conv5"],
        never=["vgg_16"],
        replaces="c",
    )


def test_an_assignment_map_key_offers_scopes_with_a_slash_and_variables(vgg16):
    vgg16.completes(
        'tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/<cursor>": "mine/"})',
        offers=["vgg_16/conv1/", "vgg_16/mean_rgb"],
    )


def test_an_exclude_list_offers_scopes_as_its_regular_expressions_want_them(vgg16):
    vgg16.completes(
        """
        names = slim.get_variables_to_restore(exclude=["vgg_16/f<cursor>"])
        slim.assign_from_checkpoint("vgg_16.ckpt", names)
        """,
        offers=["vgg_16/fc8", "vgg_16/fc6"],
        never=["vgg_16/fc8/"],
    )


def test_a_piece_of_a_concatenation_is_completed_behind_what_stands_before_it(vgg16):
    vgg16.completes(
        """
        SCOPE = "vgg_16"
        tf.train.load_variable("vgg_16.ckpt", SCOPE + "/conv2/<cursor>")
        """,
        offers=["/conv2/conv2_1/", "/conv2/conv2_1/weights"],
        replaces="/conv2/",
    )


def test_a_hole_before_the_cursor_stands_for_any_text(vgg16):
    vgg16.completes(
        """
        def read(block):
            return tf.train.load_variable("vgg_16.ckpt", "vgg_16/conv%d/<cursor>" % block)
        """,
        offers=["/conv1_1/", "/conv5_3/"],
    )


def test_letters_of_a_name_find_it_in_a_large_checkpoint(project):
    shapes = {f"model/layer_{i}/part_{j}/w": [2] for i in range(60) for j in range(20)}
    project.listing("big.ckpt", {**shapes, "model/head/fc8/weights": [8, 3]})
    project.completes(
        'tf.train.load_variable("big.ckpt", "fc8w<cursor>")',
        first="model/head/fc8/weights",
    )


@pytest.mark.parametrize("word", ["hfc8w", "l5p1w", "L5P1W", "l[5", "lxyz"])
def test_letters_typed_one_by_one_find_what_they_find_at_once(project, word):
    shapes = {f"model/layer_{i}/part_{j}/w": [2] for i in range(60) for j in range(20)}
    for name in ("slow.ckpt", "fast.ckpt"):
        project.listing(name, {**shapes, "model/head/fc8/weights": [8, 3]})

    def offered(name: str, typed: str) -> list[str]:
        answer = project.completion(f'tf.train.load_variable("{name}", "{typed}<cursor>")')
        return [item.label for item in answer.items]

    # Letters are taken back, too.
    for typed in [*(word[:count] for count in range(len(word))), word[:2], word[:1] + "zz"]:
        offered("slow.ckpt", typed)
    assert offered("slow.ckpt", word) == offered("fast.ckpt", word)


def test_a_large_level_is_cut_and_said_to_be_incomplete(project):
    project.listing("big.ckpt", {f"layer_{i}/w": [2] for i in range(500)})
    answer = project.completion('tf.train.load_variable("big.ckpt", "<cursor>")')
    assert len(answer.items) == 100
    assert answer.is_incomplete


def test_slots_and_bookkeeping_come_last(project):
    project.checkpoint("a.ckpt", w__Adam=[2], w=[2], zeta=[2], beta1_power=[], global_step=[])
    answer = project.completion('tf.train.load_variable("a.ckpt", "<cursor>")')
    labels = [item.label for item in answer.items if item.kind.value == "variable"]
    assert labels[:2] == ["w", "zeta"]
    assert set(labels[2:]) == {"w/Adam", "beta1_power", "global_step"}


def test_a_file_without_any_path_still_gets_what_lies_in_the_workspace(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    vgg16.completes(
        """
        def read(reader):
            return tf.train.load_variable(path, "<cursor>")
        """,
        offers=["vgg_16/"],
    )


@pytest.mark.parametrize(
    "snippet",
    [
        'print("<cursor>")',
        '# tf.train.load_variable("vgg_16.ckpt", "<cursor>")',
        'class Mine:\n    def get_variable(self, name): ...\nMine().get_variable("<cursor>")',
        'from safetensors import safe_open\nsafe_open("x").get_tensors("<cursor>")',
    ],
)
def test_other_strings_get_nothing(vgg16, snippet):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    vgg16.offers_nothing(snippet)


OPEN = {
    "a call that is never closed": 'reader.get_tensor("vgg_16/<cursor>\nx = 1\n',
    "the end of the file": 'reader.get_tensor("vgg_16/<cursor>',
    "other arguments behind it": 'load(reader.get_tensor("vgg_16/<cursor>, 3), 4)\n',
    "code below in a block": (
        'def f():\n    w = reader.get_tensor("vgg_16/<cursor>\n    return w\n\n\ndef g():\n    pass\n'
    ),
    "a single quote": "reader.get_tensor('vgg_16/<cursor>\nx = 1\n",
    "Python 2 around it": 'print reader.get_tensor("vgg_16/<cursor>\nprint "done"\n',
    "an entry of a dictionary": (
        'tf.train.init_from_checkpoint("vgg_16.ckpt", {\n'
        '    "vgg_16/fc8/": "a/",\n    "vgg_16/<cursor>\n})\n'
    ),
    "the first entry of a dictionary": (
        'tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/<cursor>\nx = 1\n'
    ),
    "a closed string in an open call": 'x = reader.get_tensor("vgg_16/<cursor>"\ny = 2\n',
    "a list": (
        'v = slim.get_variables_to_restore(include=["vgg_16/<cursor>\n'
        'slim.assign_from_checkpoint("vgg_16.ckpt", v)\n'
    ),
    "a quote in a comment above": (
        "# don't stumble\nreader.get_tensor(\"vgg_16/<cursor>\n# isn't it\n"
    ),
}


@pytest.mark.parametrize("snippet", OPEN.values(), ids=OPEN.keys())
def test_a_string_that_is_still_open_is_understood(vgg16, snippet):
    head = 'reader = tf.train.load_checkpoint("vgg_16.ckpt")\n'
    answer = vgg16.completion(head + snippet)
    assert answer is not None
    assert "vgg_16/conv1" in {item.label.rstrip("/") for item in answer.items}


def test_an_open_scope_with_its_block_below_is_understood(vgg16):
    vgg16.completes(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        with tf.variable_scope("vgg_16/<cursor>
            net = slim.conv2d(net, 64, [3, 3], scope="x")
        """,
        offers=["vgg_16/conv1"],
        replaces="vgg_16/",
    )


def test_what_an_optimizer_in_a_scope_keeps_comes_last(project):
    project.checkpoint("a.ckpt", a__w=[2], opt__a__w__Adam=[2], zeta=[2], z__Adam=[2])
    answer = project.completion('tf.train.load_variable("a.ckpt", "<cursor>")')
    labels = [item.label for item in answer.items if item.kind.value == "variable"]
    assert labels == ["zeta", "a/w", "z/Adam", "opt/a/w/Adam"]  # `z` itself is not there


def test_the_object_graph_is_no_name_to_complete(project):
    suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
    kept = f"net/w/.OPTIMIZER_SLOT/optimizer/m{suffix}"
    names = [f"net/w{suffix}", kept, f"save_counter{suffix}", f"step{suffix}"]
    project.listing("a.ckpt", {name: [2] for name in ["_CHECKPOINTABLE_OBJECT_GRAPH", *names]})
    answer = project.completion('tf.train.load_variable("a.ckpt", "<cursor>")')
    assert [item.label for item in answer.items] == [
        *("net/", "step/", f"net/w{suffix}", f"step{suffix}"),
        *("save_counter/", kept, f"save_counter{suffix}"),
    ]


def test_layers_of_keras_models(project):
    """What the same list, or the model, has already comes last."""
    project.keras("weights.h5", "input", "block1_conv1", "predictions")
    head = "model = tf.keras.applications.VGG16(weights=None)\n"
    load = head + 'model.load_weights("weights.h5", by_name=True, exclude=["input", "{}"])\n'
    project.completes(
        load.replace("{}", "<cursor>"),
        offers=["block1_conv1  1 variable", "predictions", "input"],
        first="block1_conv1",
    )
    loaded = load.replace("{}", "predictions")
    project.completes(
        loaded + 'model.get_layer("blo<cursor>")', offers=["block1_conv1"], replaces="blo"
    )
    layer = 'tf.keras.layers.Dense(3, name="<cursor>")'
    made = 'tf.keras.layers.Dense(3, name="input")\n'
    project.completes(loaded + made + layer, offers=["input"], first="block1_conv1")
    # In the order of the layers, whatever they are called.
    project.offers_nothing(loaded.replace("by_name=True", "by_name=False") + layer)
    project.offers_nothing(loaded + 'model.get_layer("block%d_<cursor>" % number)')


@pytest.mark.parametrize(
    "default",
    [
        """flags.DEFINE_string("name", "{}", "what to read")""",
        """flags.DEFINE_string("name", "{}""",
        """flags.DEFINE_string("name", '''{}''', "what to read")""",
    ],
)
@pytest.mark.parametrize("typed", ["", "vgg_16/fc8/"])
def test_the_default_of_a_flag_is_completed_from_its_first_letter(vgg16, default, typed):
    vgg16.completes(
        f"""
        from absl import flags
        {default.format(typed + "<cursor>")}
        FLAGS = flags.FLAGS
        tf.train.load_checkpoint("vgg_16.ckpt").get_tensor(FLAGS.name)
        """,
        offers=["vgg_16/fc8/biases"],
        replaces=typed,
    )


def test_an_empty_item_and_an_empty_argument_are_completed(vgg16):
    listed = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--scopes", default="{}")
        scopes = [each.strip() for each in parser.parse_args().scopes.split(",")]
        restored = slim.get_variables_to_restore(exclude=scopes)
        slim.assign_from_checkpoint_fn("vgg_16.ckpt", restored)
        """
    vgg16.completes(listed.format("<cursor>"), offers=["vgg_16"], replaces="")
    vgg16.completes(listed.format("vgg_16/fc8,<cursor>"), offers=["vgg_16/fc7"], replaces="")


def test_an_empty_string_that_goes_nowhere_gets_nothing(vgg16):
    vgg16.offers_nothing(
        """
        from absl import flags
        flags.DEFINE_string("other", "<cursor>", "goes nowhere")
        tf.train.load_checkpoint("vgg_16.ckpt").get_tensor("vgg_16/mean_rgb")
        """
    )


def test_a_string_in_a_loop_goes_on_for_all_items(project):
    names = {f"net/layer_{i}/w": [2] for i in (1, 2, 10)}
    project.listing("a.ckpt", {**names, "net/layer_1/extra": [1], "net/layer_7/other": [1]})
    project.completes(
        """
        for i in (1, 2, 10):
            tf.train.load_variable("a.ckpt", f"net/layer_{i}/<cursor>")
        """,
        offers=["/w  float32 [2] · 3 variables", "/extra  float32 [1]"],
        never=["/other"],
        first="/w",
        replaces="/",
    )


def test_behind_a_hole_what_most_names_go_on_with_comes_first(project):
    names = {f"layer_{i}/weights/w": [i] for i in range(1, 4)}
    project.listing("a.ckpt", {"layer_1/biases": [1], **names})
    project.completes(
        """
        def read(i):
            tf.train.load_variable("a.ckpt", f"layer_{i}/<cursor>")
        """,
        offers=["/weights/  3 variables", "/biases  float32 [1]"],
        first="/weights/",
    )
    project.completes(
        """
        def read(i):
            tf.train.load_variable("a.ckpt", f"layer_{i}/weights/<cursor>")
        """,
        offers=["/weights/w  3 variables"],  # of several shapes
    )


def test_scopes_of_slots_come_behind_the_names_of_the_model(project):
    project.checkpoint("a.ckpt", a__w=[2], a__w__Adam=[2], a__v=[2], a__v__deep=[7], zeta=[2])
    answer = project.completion('tf.train.load_variable("a.ckpt", "a/<cursor>")')
    labels = [item.label for item in answer.items]
    assert labels == ["a/v/", "a/v", "a/w", "a/v/deep", "zeta", "a/w/", "a/w/Adam"]


def test_numbers_come_in_their_order(project):
    project.listing("a.ckpt", {f"layer_{i}/w": [2] for i in (1, 2, 10)})
    answer = project.completion('tf.train.load_variable("a.ckpt", "<cursor>")')
    assert [item.label for item in answer.items] == [
        *("layer_1/", "layer_2/", "layer_10/"),
        *("layer_1/w", "layer_2/w", "layer_10/w"),
    ]


def test_of_deeper_names_those_with_the_wanted_shape_come_first(vgg16):
    vgg16.completes(
        """
        w = tf.get_variable("w", shape=[3, 3, 64, 64])
        tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/<cursor>": w})
        """,
        offers=["vgg_16/conv1/"],
        first="vgg_16/conv1/conv1_2/weights",
    )


@pytest.mark.parametrize("written", ['["vgg_16/fc6", "{}"]', '"vgg_16/fc6,{}".split(",")'])
def test_what_a_list_of_scopes_has_already_comes_last(vgg16, written):
    answer = vgg16.completion(
        f"""
        restored = slim.get_variables_to_restore(exclude={written.format("vgg_16/fc<cursor>")})
        slim.assign_from_checkpoint_fn("vgg_16.ckpt", restored)
        """
    )
    labels = [item.label for item in answer.items]
    assert labels[:2] == ["vgg_16/fc7", "vgg_16/fc8"]
    assert labels[-1] == "vgg_16/fc6"


@pytest.mark.parametrize(
    ("call", "scope"),
    [
        ("slim.assign_from_checkpoint_fn('vgg_16.ckpt', slim.get_variables(['{}']))", ""),
        ("tf.train.init_from_checkpoint('vgg_16.ckpt', {{'{}'}})", "vgg_16/fc8/"),
        (
            "slim.assign_from_checkpoint_fn('vgg_16.ckpt',"
            " slim.get_variables_to_restore(exclude=['{}']))",
            "vgg_16/fc8",
        ),
        ("tf.train.load_variable('vgg_16.ckpt', '{}')", ""),
    ],
)
def test_scopes_on_deeper_levels_are_found_where_scopes_may_stand(vgg16, call, scope):
    answer = vgg16.completion(call.format("<cursor>"))
    labels = [item.label for item in answer.items] if answer is not None else []
    assert not scope or scope in labels
    assert scope or not {"vgg_16/fc8", "vgg_16/fc8/"} & {*labels}


def test_numbers_come_in_their_order_however_long_they_are(project):
    numbers = ["9" * 1_000, "10", "9", "009", "08"]
    project.listing("a.ckpt", {f"layer_{number}/w": [2] for number in numbers})
    answer = project.completion('tf.train.load_variable("a.ckpt", "layer_<cursor>")')
    scopes = [item.label for item in answer.items if item.kind.value == "scope"]
    assert scopes == [f"layer_{number}/" for number in ["08", "009", "9", "10", "9" * 1_000]]
