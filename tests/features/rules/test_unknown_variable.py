"""unknown-variable: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import shutil
from textwrap import dedent

import pytest

READER = 'reader = tf.train.load_checkpoint("vgg_16.ckpt")\n'

FIRES = {
    "load_variable": 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/weight")',
    "contrib": (
        "from tensorflow.contrib.framework import load_variable as lv\n"
        'lv("vgg_16.ckpt", name="vgg_16/fc8/weight")'
    ),
    "contrib by its keyword": (
        'tf.contrib.framework.load_variable(checkpoint_dir="vgg_16.ckpt", name="vgg_16/fc8/weight")'
    ),
    "compat": (
        'tf.compat.v1.train.NewCheckpointReader("vgg_16.ckpt").get_tensor("vgg_16/fc8/weight")'
    ),
    "pywrap": (
        "from tensorflow.python import pywrap_tensorflow\n"
        'r = pywrap_tensorflow.NewCheckpointReader("vgg_16.ckpt")\nr.get_tensor("vgg_16/fc8/weight")'
    ),
    "get_tensor": READER + 'reader.get_tensor("vgg_16/fc8/weight")',
    "shape map": READER + 'reader.get_variable_to_shape_map()["vgg_16/fc8/weight"]',
    "dictionary of list_variables": (
        'dict(tf.train.list_variables("vgg_16.ckpt"))["vgg_16/fc8/weight"]'
    ),
    "assignment map": (
        'tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/fc8/weight": "fc/weights"})'
    ),
    "assignment map as pairs": (
        'tf.train.init_from_checkpoint("vgg_16.ckpt", [("vgg_16/fc8/weight", "fc/weights")])'
    ),
    "a saver that restores": (
        'saver = tf.train.Saver({"vgg_16/fc8/weight": w})\nsaver.restore(session, "vgg_16.ckpt")'
    ),
    "assign_from_checkpoint": (
        'slim.assign_from_checkpoint("vgg_16.ckpt", {"vgg_16/fc8/weight": w})'
    ),
    "through variables": (
        'import os\nNAME = "weight"\nscope = "vgg_16/" + "fc8"\n'
        'tf.train.load_variable(os.path.join(".", "vgg_16.ckpt"), scope + "/" + NAME)'
    ),
    "Python 2": READER + 'print reader.get_tensor("vgg_16/fc8/weight")',
}


@pytest.mark.parametrize("snippet", FIRES.values(), ids=FIRES.keys())
def test_it_fires_with_the_right_spelling(vgg16, snippet):
    _, found = vgg16.findings(snippet)
    assert [each.code for each in found] == ["unknown-variable"]
    assert "did you mean `vgg_16/fc8/weights`?" in found[0].message
    assert found[0].severity.label == "error"
    assert found[0].checkpoint == str(vgg16.root / "vgg_16.ckpt")


def test_right_names_are_silent(vgg16):
    vgg16.checks(
        """
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        reader.get_tensor("vgg_16/fc8/weights")
        tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc8/weights:0")
        dict(tf.train.list_variables("vgg_16.ckpt"))["global_step"]
        tf.train.init_from_checkpoint("vgg_16.ckpt", {"vgg_16/fc8/weights": "a", "/": "b/"})
        """
    )


def test_guarded_reads_are_silent(vgg16):
    vgg16.checks(
        """
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        reader.get_tensor("vgg_16/fc9x/weights")  # error: [unknown-variable]
        if reader.has_tensor("vgg_16/fc9x/weights"):
            reader.get_tensor("vgg_16/fc9x/weights")
        else:
            reader.get_tensor("vgg_16/fc9y/weights")
        shapes = reader.get_variable_to_shape_map()
        if "vgg_16/fc9x/weights" in shapes:
            shapes["vgg_16/fc9x/weights"]
        w = reader.get_tensor("x/y") if "x/y" in shapes else None
        try:
            reader.get_tensor("vgg_16/fc9x/weights")
        except tf.errors.NotFoundError:
            pass
        """
    )


def test_code_behind_an_early_return_is_guarded(vgg16):
    vgg16.checks(
        """
        def read(reader=tf.train.load_checkpoint("vgg_16.ckpt")):
            if not reader.has_tensor("x/weights"):
                return None
            return reader.get_tensor("x/weights")

        def read_anyway(reader=tf.train.load_checkpoint("vgg_16.ckpt")):
            if not reader:
                return None
            return reader.get_tensor("x/weights")  # error: [unknown-variable]
        """
    )


def test_a_try_that_catches_something_else_guards_nothing(vgg16):
    vgg16.checks(
        """
        try:
            tf.train.load_variable("vgg_16.ckpt", "x")  # error: [unknown-variable]
        except ImportError:
            pass
        """
    )


def test_an_unknown_or_absent_checkpoint_is_silent(vgg16):
    vgg16.checks(
        """
        import sys
        tf.train.load_variable(sys.argv[1], "vgg_16/fc8/weight")
        tf.train.load_variable("not_downloaded.ckpt", "vgg_16/fc8/weight")
        unset = ""
        tf.train.load_checkpoint(unset).get_tensor("vgg_16/fc8/weight")
        tf.train.load_variable("vgg_16.ckpt" if sys.argv[1:] else sys.argv[0], "no/such")
        """
    )


def test_a_name_that_is_in_any_possible_checkpoint_is_silent(vgg16):
    vgg16.checkpoint("other.ckpt", other__w=[2])
    vgg16.checks(
        """
        import sys
        path = "vgg_16.ckpt" if len(sys.argv) > 1 else "other.ckpt"
        tf.train.load_variable(path, "other/w")
        tf.train.load_variable(path, "other/v")  # error: [unknown-variable]
        """
    )


def test_a_saver_that_only_saves_invents_its_names(vgg16):
    vgg16.checks(
        """
        saver = tf.train.Saver({"brand/new": w})
        saver.save(session, "vgg_16.ckpt")
        """
    )


def test_ignored_variables_are_only_a_warning(vgg16):
    vgg16.checks(
        """
        names = {"vgg_16/fc8/weight": w}
        slim.assign_from_checkpoint_fn(
            "vgg_16.ckpt", names, ignore_missing_vars=True)
        slim.assign_from_checkpoint_fn("vgg_16.ckpt", {"no/such": w}, True)  # warning: [unknown-variable]
        """.replace('weight": w}', 'weight": w}  # warning: [unknown-variable]')
    )


def test_each_item_of_a_loop_is_checked_and_the_wrong_one_marked(vgg16):
    snippet = """
        for name in ["conv1/conv1_1", "conv1/conv1_x", "fc8"]:
            tf.train.load_variable("vgg_16.ckpt", "vgg_16/%s/weights" % name)
        """
    assert vgg16.marks(snippet) == ["conv1/conv1_x"]


def test_items_of_a_split_text_are_marked_alone(vgg16):
    snippet = """
        for name in "vgg_16/fc8/weights,vgg_16/fc7/weigths".split(","):
            tf.train.load_variable("vgg_16.ckpt", name)
        """
    assert vgg16.marks(snippet) == ["vgg_16/fc7/weigths"]
    assert '"vgg_16/fc8/weights,vgg_16/fc7/weights"' in vgg16.fixed(snippet)


def test_numbers_of_a_range_are_all_tried(vgg16):
    vgg16.checks(
        """
        for i in range(1, 6):
            tf.train.load_variable("vgg_16.ckpt", "vgg_16/conv%d/conv%d_1/weights" % (i, i))
        for i in range(1, 7):
            tf.train.load_variable("vgg_16.ckpt", "vgg_16/conv%d/conv%d_1/biases" % (i, i))  # error: [unknown-variable] conv6
        """
    )


def test_a_template_that_no_variable_fits_is_wrong(vgg16):
    vgg16.checks(
        """
        def read(i):
            tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc%d/weights" % i)
            tf.train.load_variable("vgg_16.ckpt", f"vgg_16/fc{i}/weights")
            tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc{}/kernel".format(i))  # error: [unknown-variable] fits `vgg_16/fc{}/kernel`
        """
    )


def test_the_literal_whose_change_would_help_is_marked(vgg16):
    snippet = """
        SCOPE = "vgg_61"
        tf.train.load_variable("vgg_16.ckpt", SCOPE + "/fc8/weights")
        """
    assert vgg16.marks(snippet) == ["vgg_61"]
    assert 'SCOPE = "vgg_16"' in vgg16.fixed(snippet)


def test_the_fix_of_a_format_keeps_its_fields(vgg16):
    snippet = 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/%s/weigths" % "fc8")'
    assert '"vgg_16/%s/weights" % "fc8"' in vgg16.fixed(snippet)


def test_strings_in_a_row_are_one_name(vgg16):
    snippet = 'tf.train.load_variable("vgg_16.ckpt", "vgg_16/" "fc8/weigths")'
    assert vgg16.marks(snippet) == ["fc8/weigths"]
    assert '"vgg_16/" "fc8/weights"' in vgg16.fixed(snippet)


def test_a_call_site_is_marked_where_the_wrong_name_is_written(vgg16):
    snippet = """
        def read(name):
            return tf.train.load_variable("vgg_16.ckpt", "vgg_16/" + name)
        read("fc8/weights")
        read("fc8/weigths")
        """
    assert vgg16.marks(snippet) == ["fc8/weigths"]


def test_another_function_of_that_name_is_silent(vgg16):
    vgg16.checks(
        """
        import safetensors
        class Store:
            def get_tensor(self, name): return name
        Store().get_tensor("vgg_16/fc8/weight")
        safetensors.safe_open("vgg_16.ckpt").get_tensor("vgg_16/fc8/weight")
        def load_variable(path, name): return name
        load_variable("vgg_16.ckpt", "vgg_16/fc8/weight")
        """
    )


def test_comments_and_docstrings_are_silent(vgg16):
    vgg16.checks(
        '''
        # tf.train.load_variable("vgg_16.ckpt", "x")
        def f():
            """tf.train.load_variable("vgg_16.ckpt", "x")"""
        '''
    )


def test_pragmas_silence_lines_and_files(vgg16):
    line = 'tf.train.load_variable("vgg_16.ckpt", "x")'
    assert vgg16.marks(line) == ["x"]
    assert vgg16.marks(line + "  # ckptls: ignore[unknown-variable]") == []
    assert vgg16.marks(line + "  # ckptls: ignore[unknown-scope]") == ["x"]
    assert vgg16.marks(line + "  # ckptls: ignore") == []
    assert vgg16.marks("# ckptls: ignore-file\n" + line) == []
    assert vgg16.marks('print("# ckptls: ignore-file")\n' + line) == ["x"]


def test_settings_choose_rules_and_severities(vgg16):
    line = 'tf.train.load_variable("vgg_16.ckpt", "x")'
    vgg16.settings(ignore=["unknown-variable"])
    assert vgg16.marks(line) == []
    vgg16.settings(select=["unknown-scope"])
    assert vgg16.marks(line) == []
    vgg16.settings(severity={"unknown-variable": "off"})
    assert vgg16.marks(line) == []
    vgg16.settings(severity={"unknown-variable": "hint"})
    vgg16.checks(line + "  # hint: [unknown-variable]")


def test_the_users_own_functions_are_known(vgg16):
    vgg16.settings(
        functions=[
            {
                "names": ["mylib.read"],
                "parameters": ["path", "name"],
                "roles": {"path": "path", "name": "variable"},
            }
        ]
    )
    vgg16.checks(
        """
        import mylib
        mylib.read("vgg_16.ckpt", "vgg_16/fc8/weights")
        mylib.read("vgg_16.ckpt", "vgg_16/fc8/weight")  # error: [unknown-variable]
        """
    )


OTHERS = {
    "values of a warm start": (
        'tf.train.warm_start("vgg_16.ckpt", var_name_to_prev_var_name={"w": "vgg_16/fc8/weight"})'
    ),
    "RestoreV2": (
        'tf.raw_ops.RestoreV2(prefix="vgg_16.ckpt", tensor_names=["vgg_16/fc8/weight"],'
        " shape_and_slices=[''], dtypes=[tf.float32])"
    ),
    "an estimator": (
        'tf.estimator.Estimator(f, model_dir="run").get_variable_value("vgg_16/fc8/weight")'
    ),
    "a remapped matrix": (
        'tf.contrib.framework.load_and_remap_matrix_initializer("vgg_16.ckpt",'
        ' "vgg_16/fc8/weight", 1000, 4096)'
    ),
    "keras-bert's loader": (
        "from keras_bert.loader import checkpoint_loader\n"
        'load = checkpoint_loader("vgg_16.ckpt")\nload("vgg_16/fc8/weight")'
    ),
    "Sonnet, in a scope": (
        'import sonnet as snt\nsnt.restore_initializer("vgg_16.ckpt", "weight", "vgg_16/fc8")'
    ),
}


@pytest.mark.parametrize("snippet", OTHERS.values(), ids=OTHERS.keys())
def test_it_fires_in_other_functions_too(vgg16, snippet):
    shutil.copytree(vgg16.root, vgg16.root / "run")
    vgg16.file("run/checkpoint", 'model_checkpoint_path: "vgg_16.ckpt"\n')
    _, found = vgg16.findings(snippet)
    assert [each.code for each in found] == ["unknown-variable"]
    right = "weights" if "snt." in snippet else "vgg_16/fc8/weights"
    assert found[0].suggestions[0] == right


def test_a_function_that_only_prints_gives_a_warning(vgg16):
    vgg16.checks(
        """
        from tensorflow.python.tools.inspect_checkpoint import print_tensors_in_checkpoint_file
        print_tensors_in_checkpoint_file("vgg_16.ckpt", "vgg_16/fc8/weight", False)  # warning: [unknown-variable]
        print_tensors_in_checkpoint_file("vgg_16.ckpt", "vgg_16/fc8/weights", False)
        print_tensors_in_checkpoint_file("vgg_16.ckpt", tensor_name="", all_tensors=True)
        """
    )


def test_a_template_is_mended_where_it_is_wrong(vgg16):
    snippet = 'def read(i):\n    return tf.train.load_variable("vgg_16.ckpt", "vgg_16/fc%d/{}" % i)'
    assert vgg16.marks(snippet.format("weight")) == ["vgg_16/fc%d/weight"]
    assert vgg16.fixed(snippet.format("weight")) == snippet.format("weights")
    assert vgg16.marks(snippet.format("weights")) == []


def test_a_scope_is_told_to_be_one(vgg16):
    snippet = 'tf.train.init_from_checkpoint("vgg_16.ckpt", {{"{}": "vgg_16"}})'
    _, (finding,) = vgg16.findings(snippet.format("vgg_16"))
    assert finding.code == "unknown-variable"
    assert finding.suggestions[0] == "vgg_16/"


def test_a_name_is_wrong_only_if_it_is_wrong_wherever_it_is_used(vgg16):
    vgg16.checkpoint("other.ckpt", head__weights=[2])
    snippet = """
        def read(path):
            return tf.train.load_variable(path, "head/weights")
        read("vgg_16.ckpt")
        {}
        """
    code = dedent(snippet)
    assert vgg16.marks(code.format("")) == ["head/weights"]
    assert vgg16.marks(code.format('read("other.ckpt")')) == []


def test_a_saver_that_only_saves_invents_names(vgg16):
    vgg16.checks(
        """
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        tf.train.Saver({"anything/at/all": v}).save(session, "mine.ckpt")
        """
    )


def test_averages_go_by_the_names_that_they_are_saved_under(project):
    project.listing("a.ckpt", {"w/ExponentialMovingAverage": [2], "v": [2]})
    project.checks(
        """
        average = tf.train.ExponentialMovingAverage(0.9)
        w, v = tf.get_variable("w", [2]), tf.get_variable("v", [2])  # error: [unknown-variable] v/Exp
        tf.train.Saver({average.average_name(w): w, v.op.name: v}).restore(session, "a.ckpt")
        tf.train.Saver({average.average_name(v): v}).restore(session, "a.ckpt")
        tf.train.Saver(average.variables_to_restore()).restore(session, "a.ckpt")
        tf.train.Saver(average.variables_to_restore([w])).restore(session, "a.ckpt")
        for variable in tf.trainable_variables():
            names = {average.average_name(variable): variable}
        """
    )


def test_a_scope_is_said_to_be_one(vgg16):
    vgg16.checks(
        """
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        reader.get_tensor("vgg_16/fc8")  # error: [unknown-variable] it is a scope of 2 variables
        reader.get_tensor("vgg_16/fc8/weights")
        """
    )


def test_of_very_many_wrong_names_the_last_are_told_without_suggestions(vgg16, monkeypatch):
    """Comparing each of 40,000 names with all names of a checkpoint would take minutes."""
    monkeypatch.setattr("ckptls.features.common.context._MAX_PAIRS", 300)
    wrong = [f"vgg_16/fc8/weight_{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    lines = [f'reader.get_tensor("{name}")\n' for name in (*wrong, wrong[0])]
    _, found = vgg16.findings(READER + "".join(lines))
    assert [each.code for each in found] == ["unknown-variable"] * 27
    suggested = ["did you mean" in each.message for each in found]
    assert suggested[0] and suggested[-1]  # the same name again costs nothing
    assert not any(suggested[20:-1])


def test_some_wrong_names_have_suggestions_all(vgg16):
    wrong = [f"vgg_16/fc8/weight_{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    lines = [f'reader.get_tensor("{name}")\n' for name in wrong]
    _, found = vgg16.findings(READER + "".join(lines))
    assert all("did you mean" in each.message for each in found)


def test_a_letter_too_many_in_a_short_name_has_a_suggestion(project):
    project.checkpoint("a.ckpt", a=[2], b=[2])
    project.checks(
        """
        tf.train.Saver({"aa": v}).restore(session, "a.ckpt")  # error: [unknown-variable] did you mean `a`?
        # ckptls: checkpoint=a.ckpt
        def restore(path):
            tf.train.Saver({"bb": v}).restore(session, path)  # error: [unknown-variable] did you mean `b`?
            tf.train.Saver({"cd": v}).restore(session, path)
            tf.train.Saver({"c": v}).restore(session, path)
        """
    )
