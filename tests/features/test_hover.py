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


MODEL = """
with tf.variable_scope("new"):
    w = tf.get_variable("w", [2, 3])
    tf.get_variable("b", [4])
with tf.variable_scope("new") as scope:
    pass
"""


def entry(project, text: str) -> str:
    """What is told about the entry of a map, without what is told about the name itself."""
    project.checkpoint("a.ckpt", old__w=[2, 3], old__b=[3], more__x=[1])
    project.checkpoint("b.ckpt", w=[9])
    call = f"tf.train.init_from_checkpoint('a.ckpt', {{{text}}})\n"
    whole = project.hover(f"tf.train.load_checkpoint('b.ckpt')\n{MODEL}{call}")
    return whole.partition("\n\n---\n\n")[0]


def test_an_entry_tells_what_goes_where_with_both_shapes(project):
    expected = "old/w float32 [2, 3] → new/w [2, 3]"
    assert entry(project, "'old/w<cursor>': 'new/w'") == expected
    assert entry(project, "'old/w': 'new/w<cursor>'") == expected
    assert entry(project, "'old/w<cursor>': w") == expected


def test_an_entry_of_scopes_tells_each_variable(project):
    expected = (
        "old/ → new/\n\n- old/w float32 [2, 3] → new/w [2, 3]\n- old/b float32 [3] → new/b [4]"
    )
    assert entry(project, "'old/<cursor>': 'new/'") == expected
    assert entry(project, "'old/': 'new/<cursor>'") == expected
    assert entry(project, "'old/<cursor>': scope") == expected


def test_what_is_not_there_is_said_to_be_missing(project):
    assert entry(project, "'more/<cursor>': 'new/'").splitlines()[2:] == [
        "- more/w (not there) → new/w [2, 3]",
        "- more/b (not there) → new/b [4]",
    ]


def test_a_scope_of_which_the_code_makes_nothing_tells_what_is_stored(project):
    told = entry(project, "'old/<cursor>': 'elsewhere/'").splitlines()[2:]
    assert told == [
        "- old/b float32 [3] → elsewhere/b",
        "- old/w float32 [2, 3] → elsewhere/w",
    ]


def test_a_warm_start_entry_has_the_model_on_the_left(project):
    project.checkpoint("a.ckpt", old__w=[2, 3])
    call = "tf.estimator.WarmStartSettings('a.ckpt', '.*', None, {'new/w%s': 'old/w%s'})"
    for marks in (("<cursor>", ""), ("", "<cursor>")):
        assert project.hover(MODEL + call % marks).startswith("old/w float32 [2, 3] → new/w [2, 3]")


def test_names_that_are_in_no_map_have_no_arrow(project):
    project.checkpoint("a.ckpt", old__w=[2, 3])
    assert "→" not in project.hover('tf.train.load_variable("a.ckpt", "old/w<cursor>")')
    assert "→" not in entry(project, "'old/w<cursor>': unknown()")


def test_other_shapes_in_other_checkpoints_are_told(project):
    for name, shape in (("a", [2]), ("b", [2]), ("c", [7])):
        project.checkpoint(f"{name}.ckpt", w=shape)
    project.checkpoint("d.ckpt", v=[1])
    loop = """
    for path in ["a.ckpt", "b.ckpt", "c.ckpt", "d.ckpt"]:
        tf.train.load_variable(path, "w<cursor>")
    """
    text = project.hover(loop)
    assert text.count("2 parameters") == 1
    assert text.splitlines()[-3:] == ["in a.ckpt, b.ckpt", "", "float32 [7] in c.ckpt"]
    same = project.hover(loop.replace('"c.ckpt", ', ""))
    assert same.splitlines()[-1] == "in a.ckpt, b.ckpt"


def test_a_template_in_a_loop_over_known_items_tells_them_all(project):
    project.listing("a.ckpt", {f"net/layer_{i}/w": [i + 1] for i in range(12)})
    text = project.hover(
        """
        for i in range(12):
            tf.train.load_variable("a.ckpt", "net/lay<cursor>er_%d/w" % i)
        """
    )
    assert "net/layer_{}/w matches 12 variables" in text
    assert "{} is 0 … 11" in text
    assert "- net/layer_2/w float32 [3]\n" in text  # in its place, not behind layer_11
    assert "not there" not in text


def test_of_a_loop_that_goes_too_far_what_is_not_there_is_told(project):
    project.listing("a.ckpt", {f"layer_{i}/w": [2] for i in range(3)})
    text = project.hover(
        """
        for i in range(5):
            tf.train.load_variable("a.ckpt", f"lay<cursor>er_{i}/w")
        """
    )
    assert "matches 3 variables" in text
    assert "not there: layer_3/w, layer_4/w" in text


def test_a_template_of_scopes_tells_how_many_variables_they_hold(vgg16):
    text = vgg16.hover(
        """
        def init(i):
            tf.train.init_from_checkpoint("vgg_16.ckpt", {f"vgg_16/conv<cursor>{i}/": f"conv{i}/"})
        """
    )
    assert "vgg_16/conv{}/ matches 5 scopes with 26 variables" in text
    assert "{} is 1 … 5" in text


def test_a_template_that_nothing_fits_has_no_hover(vgg16):
    assert not vgg16.hover(
        """
        def read(i):
            return tf.train.load_variable("vgg_16.ckpt", "nothing_%d<cursor>/biases" % i)
        """
    )


def test_a_path_that_leads_nowhere_is_not_told_as_another(vgg16):
    vgg16.folder.known = (str(vgg16.root / "vgg_16.ckpt"),)
    text = vgg16.hover('tf.train.load_checkpoint("ckpts/no<cursor>pe.ckpt")')
    assert text == "no checkpoint is at ckpts/nope.ckpt\n\nin the workspace: vgg_16.ckpt"


def test_a_path_that_is_written_has_no_hover_until_something_is_there(vgg16):
    assert not vgg16.hover('tf.train.Saver().save(session, "out/mo<cursor>del.ckpt")')


def test_a_checkpoint_of_objects_shows_the_names_that_code_reads(project):
    project.objects("ckpt-1", "net/w", "step")
    text = project.hover('tf.train.load_checkpoint("ckpt<cursor>-1")')
    assert text.endswith("net/, step/")


def test_an_empty_string_is_not_said_to_be_missing(vgg16):
    assert not vgg16.hover('tf.train.load_variable("vgg_16.ckpt", "<cursor>")')


def test_the_variable_of_a_tensor_is_told(vgg16):
    text = vgg16.hover(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        tf.get_default_graph().get_tensor_by_name("vgg_16/fc8/bi<cursor>ases:0")
        """
    )
    assert "vgg_16/fc8/biases" in text
    assert "float32 [1000]" in text


def test_a_tensor_that_is_no_variable_is_not_said_to_be_missing(vgg16):
    assert not vgg16.hover(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        tf.get_default_graph().get_tensor_by_name("in<cursor>put:0")
        """
    )


def test_the_models_side_of_a_map_is_not_looked_up_in_the_checkpoint(project):
    project.checkpoint("a.ckpt", w=[3])
    text = project.hover(
        """
        w = tf.get_variable("net/w", [3])
        tf.train.init_from_checkpoint("a.ckpt", {"w": "net<cursor>/w"})
        """
    )
    assert text == "w float32 [3] → net/w [3]"


def test_slots_under_a_variable_are_told_once(project):
    project.checkpoint("a.ckpt", w=[3], w__Adam=[3], v=[3], v__part=[2])
    text = project.hover('tf.train.load_variable("a.ckpt", "<cursor>w")')
    assert text.count("Adam") == 1
    assert "v/\n\n1 variable" in project.hover('tf.train.load_variable("a.ckpt", "<cursor>v")')


def test_an_empty_filter_has_no_hover(vgg16):
    assert not vgg16.hover(
        """
        for name, shape in tf.train.list_variables("vgg_16.ckpt"):
            if name in ["<cursor>", "vgg_16/mean_rgb"]:
                print(name)
        """
    )


def test_of_the_checkpoints_that_are_there_the_nearest_are_told(project):
    names = ("a.ckpt", "b.ckpt", "run/model.ckpt-100", "z.ckpt")
    for name in names:
        project.checkpoint(name, w=[1])
    project.folder.known = tuple(str(project.root / name) for name in names)
    text = project.hover('tf.train.load_checkpoint("run/model.ckpt-<cursor>300")')
    assert "in the workspace: run/model.ckpt-100, " in text


def test_what_cannot_be_read_is_named_below_the_workspace(project):
    project.file("runs/model.ckpt.index", "not an index")
    text = project.hover('tf.train.load_checkpoint("runs/<cursor>model.ckpt")')
    assert "runs/model.ckpt.index" in text
    assert str(project.root) not in text
