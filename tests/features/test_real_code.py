"""How people really write it: the shapes of public code, in words of our own, with the answer."""

from __future__ import annotations

import pytest


@pytest.fixture
def bert(project):
    shapes = {"bert/embeddings/word_embeddings": [100, 8], "global_step": []}
    for i in range(3):
        for part in ("attention/self/query", "output/dense"):
            shapes[f"bert/encoder/layer_{i}/{part}/kernel"] = [8, 8]
            shapes[f"bert/encoder/layer_{i}/{part}/bias"] = [8]
    project.listing("bert.ckpt", shapes)
    return project


def test_a_flag_and_a_loop_over_what_the_checkpoint_has(bert):
    """The usual helper that maps whatever fits: nothing to say."""
    bert.checks(
        """
        import collections, re
        flags = tf.flags
        flags.DEFINE_string("init_checkpoint", "bert.ckpt", "where to begin")

        def assignment_map(tvars, init_checkpoint):
            by_name = collections.OrderedDict()
            for var in tvars:
                match = re.match("^(.*):\\\\d+$", var.name)
                by_name[match.group(1) if match else var.name] = var
            found = collections.OrderedDict()
            for name, shape in tf.train.list_variables(init_checkpoint):
                if name not in by_name:
                    continue
                found[name] = name
            return found

        mapping = assignment_map(tf.trainable_variables(), flags.FLAGS.init_checkpoint)
        tf.train.init_from_checkpoint(flags.FLAGS.init_checkpoint, mapping)
        """
    )


def test_a_closure_over_the_path_that_loads_layer_by_layer(bert):
    bert.checks(
        """
        def reader_of(path):
            def fetch(name):
                return tf.train.load_variable(path, name)
            return fetch

        def fill(model, layers, fetch):
            model.embedding = fetch("bert/embeddings/word_embeddings")
            for i in range(layers):
                model.add([
                    fetch("bert/encoder/layer_%d/attention/self/query/kernel" % i),
                    fetch("bert/encoder/layer_%d/attention/self/qury/bias" % i),  # error: [unknown-variable]
                ])

        fill(make_model(), 3, reader_of("bert.ckpt"))
        """
    )


def test_one_layer_too_many(bert):
    bert.checks(
        """
        reader = tf.train.load_checkpoint("bert.ckpt")
        for i in range(4):
            reader.get_tensor("bert/encoder/layer_{}/output/dense/bias".format(i))  # error: [unknown-variable] layer_3
        for i in range(3):
            reader.get_tensor("bert/encoder/layer_{}/output/dense/bias".format(i))
        for i in range(config.layers):
            reader.get_tensor("bert/encoder/layer_{}/output/dense/bias".format(i))
        """
    )


def test_a_table_of_renames_below_a_root(bert):
    bert.checks(
        """
        ROOT = "bert/encoder/"
        def load(index):
            prefix = ROOT + "layer_%d/" % index
            table = {
                "q": prefix + "attention/self/query/kernel",
                "o": prefix + "output/dense/kernel",
                "b": prefix + "output/dence/bias",  # error: [unknown-variable]
            }
            return {key: tf.train.load_variable("bert.ckpt", name) for key, name in table.items()}
        load(0)
        """
    )


def test_the_wrong_item_of_a_list_is_marked(bert):
    assert bert.marks(
        """
        reader = tf.train.load_checkpoint("bert.ckpt")
        for part in ["attention/self/query", "output/dnse"]:
            reader.get_tensor("bert/encoder/layer_0/%s/kernel" % part)
        """
    ) == ["output/dnse"]


def test_paths_of_a_table_by_kind(project):
    project.checkpoint("data/rgb/model.ckpt", RGB__conv__w=[2])
    project.checkpoint("data/flow/model.ckpt", Flow__conv__w=[2])
    project.checks(
        """
        _PATHS = {"rgb": "data/rgb/model.ckpt", "flow": "data/flow/model.ckpt"}
        kind = tf.flags.FLAGS.kind
        reader = tf.train.load_checkpoint(_PATHS[kind])
        reader.get_tensor("RGB/conv/w")
        reader.get_tensor("Flow/conv/w")
        reader.get_tensor("RGB/conv/v")  # error: [unknown-variable]
        tf.train.load_variable(_PATHS["rgb"], "Flow/conv/w")  # error: [unknown-variable]
        """
    )


def test_a_saver_that_renames_by_its_own_scope(project):
    project.checkpoint("vgg.ckpt", vgg_16__fc6__weights=[7, 7, 3, 4], vgg_16__fc7__weights=[2])
    project.checks(
        """
        class Net:
            def __init__(self):
                self._scope = "vgg_16"

            def fix(self, session):
                with tf.variable_scope("Fix"):
                    conv = tf.get_variable("fc6_conv", [7, 7, 3, 4], trainable=False)
                    other = tf.get_variable("fc7_conv", [1, 1], trainable=False)
                saver = tf.train.Saver({
                    self._scope + "/fc6/weights": conv,
                    self._scope + "/fc7/weight": other,  # error: [unknown-variable]
                })
                saver.restore(session, "vgg.ckpt")
        """
    )


def test_a_saver_that_only_saves_names_what_it_likes(project):
    project.checkpoint("a.ckpt", a__w=[2])
    project.checks(
        """
        saver = tf.train.Saver({"brand/new": tf.get_variable("w", [2])})
        saver.save(session, "a.ckpt")
        """
    )


def test_producer_and_consumer_with_the_same_keys(project):
    project.checkpoint("run/data_1.ckpt", w1=[2])
    project.checks(
        """
        folder = "run"
        path = folder + "/data_1.ckpt"
        v = tf.get_variable("w1", [2])
        writer = tf.train.Saver({"w2": v})
        writer.save(session, path)
        reader = tf.train.Saver({"w2": v})
        reader.restore(session, path)
        other = tf.train.Saver({"w3": v})  # error: [unknown-variable]
        other.restore(session, path)
        """
    )
    project.checks(
        """
        path = "run/data_1.ckpt"
        v = tf.get_variable("w1", [2])
        tf.train.Saver({"w2": v}).restore(session, path)  # error: [unknown-variable]
        tf.train.Saver({"w2": v}).save(session, path)
        """
    )
    project.checks(
        """
        v = tf.get_variable("w1", [2])
        reader = tf.train.Saver({"w2": v})  # error: [unknown-variable]
        reader.restore(session, "run" + "/data_1.ckpt")
        """
    )


def test_excluded_scopes_are_absent_by_design(vgg16):
    vgg16.checks(
        """
        exclude = ["global_step", "adam_vars", "logits", ".*Momentum.*"]
        exclude.extend(["aspp", "decoder"])
        variables = slim.get_variables_to_restore(exclude=exclude)
        slim.assign_from_checkpoint_fn("vgg_16.ckpt", variables)
        """
    )


def test_a_wrapper_around_the_restore(vgg16):
    """Names of a wrapper's callers are completed like those of the function it calls."""
    vgg16.completes(
        """
        def init_fn(path, skip=()):
            variables = slim.get_variables_to_restore(exclude=list(skip))
            return slim.assign_from_checkpoint_fn(path, variables)

        init_fn("vgg_16.ckpt", ["vgg_16/<cursor>"])
        """,
        offers=["vgg_16/fc8"],
    )


def test_a_path_from_the_command_line_helps_but_accuses_nobody(project):
    project.checkpoint("only.ckpt", a__w=[2])
    project.folder.known = (str(project.root / "only.ckpt"),)
    code = """
        import sys
        path = sys.argv[1]
        name = "a/v"
        name = "a/{}"
        print(tf.train.load_variable(path, name))
        """
    project.checks(code)
    project.completes(code.replace("{}", "<cursor>"), offers=["a/w"])


def test_the_name_of_the_file_in_a_folder_of_a_flag(project):
    project.checkpoint("ens/resnet_v2_50.ckpt", resnet_v2_50__conv1__weights=[2])
    project.folder.known = (str(project.root / "ens" / "resnet_v2_50.ckpt"),)
    project.completes(
        """
        import os
        _NAME = "resnet_v2_50.ckpt"
        path = os.path.join(tf.flags.FLAGS.checkpoint_path, _NAME)
        slim.assign_from_checkpoint_fn(path, {"<cursor>": v})
        """,
        offers=["resnet_v2_50/"],
    )


def test_a_config_object_with_the_path_and_suffixes(project):
    project.checkpoint("weights/yolo.ckpt-54", darknet__conv0__weight=[2])
    project.file(
        "core/config.py",
        """
        from easydict import EasyDict as edict
        __C = edict()
        cfg = __C
        __C.YOLO = edict()
        __C.YOLO.WEIGHT = "weights/yolo.ckpt"
        """,
    )
    project.checks(
        """
        from core.config import cfg
        path = cfg.YOLO.WEIGHT + "-%d" % 54
        tf.train.load_variable(path, "darknet/conv0/weigth")  # error: [unknown-variable]
        meta = cfg.YOLO.WEIGHT + ".meta"
        """
    )


def test_scope_and_inner_name_are_put_together(bert):
    bert.checks(
        """
        def variables(scope, inner):
            return tf.train.load_variable("bert.ckpt", scope + "/" + inner)

        for inner in ("query/kernel", "query/bias"):
            variables("bert/encoder/layer_0/attention/self", inner)
        variables("bert/encoder/layer_0/attention", "query/bias")  # error: [unknown-variable]
        """
    )


def test_f_strings_in_load_variable(bert):
    bert.checks(
        """
        tf_path = "bert.ckpt"
        for i in range(3):
            prefix = f"bert/encoder/layer_{i}"
            tf.train.load_variable(tf_path, f"{prefix}/output/dense/bias")
            tf.train.load_variable(tf_path, f"{prefix}/output/dense/gamma")  # error: [unknown-variable]
        """
    )


def test_a_parameter_scope_with_its_default(vgg16):
    """The outer scope comes from the parameter's default, or from the call."""
    vgg16.checks(
        """
        def net(x, scope="vgg_16"):
            with tf.variable_scope(scope, "vgg_16", [x]):
                with tf.variable_scope("cnov1"):  # warning: [misspelled-scope] conv1
                    tf.get_variable("weights", [3, 3, 3, 64])
        net(image)
        tf.train.Saver().restore(session, "vgg_16.ckpt")
        """
    )


def test_python_2_and_windows_paths_do_not_stop_anything(project):
    project.checkpoint("a.ckpt", a__w=[2])
    project.checks(
        r"""
        print "reading", path
        old = 'E:\pycharm_project\model.ckpt'
        exec "x = 1"
        tf.train.load_variable("a.ckpt", u"a/v")  # error: [unknown-variable]
        """
    )


def test_a_state_file_names_the_checkpoint(project):
    project.checkpoint("runs/model.ckpt-9", a__w=[2])
    project.file("runs/checkpoint", 'model_checkpoint_path: "/home/other/runs/model.ckpt-9"\n')
    project.checks(
        """
        state = tf.train.get_checkpoint_state("runs")  # warning: [checkpoint-not-found]
        if state and state.model_checkpoint_path:
            reader = tf.train.NewCheckpointReader(state.model_checkpoint_path)
            reader.get_tensor("a/v")  # error: [unknown-variable]
        """
    )


def test_scopes_to_leave_out_come_from_another_module(vgg16):
    """New heads, named by constants that lie elsewhere: nothing to say, but what they match."""
    vgg16.file(
        "common.py",
        """
        LOGITS = "logits"
        def extra_scopes(only_logits=False):
            if only_logits:
                return [LOGITS]
            return [LOGITS, "image_pooling", "aspp", "decoder"]
        """,
    )
    code = """
        import common

        def restore(path, initialize_last_layer=False):
            exclude = ["global_step", "{}"]
            if not initialize_last_layer:
                exclude.extend(common.extra_scopes())
            variables = slim.get_variables_to_restore(exclude=exclude)
            return slim.assign_from_checkpoint_fn(path, variables, ignore_missing_vars=True)

        restore("vgg_16.ckpt")
        """
    vgg16.checks(code.replace("{}", "vgg_16/fc8"))
    assert vgg16.marks(code.replace("{}", "fc8")) == ["fc8"]
    assert "matches 2 variables" in vgg16.hover(code.replace("{}", "vgg_16/<cursor>fc8"))


def test_the_first_part_of_a_name_is_compared(project):
    project.checkpoint("rgb/model.ckpt", RGB__inception__w=[2])
    project.checks(
        """
        PATHS = {"rgb": "rgb/model.ckpt", "flow": "flow/model.ckpt"}
        streams = {"RGB": {}, "Flow": {}}
        for variable in tf.global_variables():
            if variable.name.split("/")[0] == "RGB":
                streams["RGB"][variable.name.replace(":0", "")] = variable
            if variable.name.split("/")[0] == "Flow":
                streams["Flow"][variable.name[len("Flow/inception/"):]] = variable
        saver = tf.train.Saver(var_list=streams["RGB"], reshape=True)
        saver.restore(session, PATHS["rgb"])
        """
    )


def test_names_go_through_a_chain_of_replacements(vgg16):
    vgg16.checks(
        """
        def old_name(name):
            name = name.replace("vgg16_default/", "vgg_16/")
            return name.replace("/kernel", "/weights").replace("/bias", "/biases")

        saver = tf.train.Saver({old_name(v.op.name): v for v in tf.global_variables()})
        saver.restore(session, "vgg_16.ckpt")
        reader = tf.train.load_checkpoint("vgg_16.ckpt")
        reader.get_tensor(old_name("vgg16_default/fc8/kernel"))
        reader.get_tensor(old_name("vgg16_default/fc8x/bias"))  # error: [unknown-variable]
        """
    )


def test_arrays_of_another_framework_become_values_by_name(project):
    import numpy as np

    np.savez(project.root / "vgg16.npz", **{"conv1_1/W": np.zeros(2), "conv1_1/b": np.zeros(2)})
    code = """
        import numpy as np
        from tensorpack.tfutils.sessinit import DictRestore, get_model_loader
        arrays = dict(np.load("vgg16.npz"))
        arrays = {k.replace("/W", "/kernel").replace("/b", "/bias"): v for k, v in arrays.items()}
        DictRestore(arrays)
        get_model_loader("{}vgg16.npz")
        """
    project.checks(code.replace("{}", ""))
    assert "2 variables" in project.hover(code.replace("{}", "<cursor>"))


def test_a_table_of_names_on_both_sides_with_a_template(project):
    project.checkpoint("res.ckpt", group0__block0__conv1__W=[2], conv0__W=[2])
    project.checks(
        """
        NAME_MAP = {"conv1/W": "conv0/W", "fc/W": "linear/W"}

        def name_of(caffe):
            if caffe in NAME_MAP:
                return NAME_MAP[caffe]
            group, block, layer = parsed(caffe)
            return "group{}/block{}/{}".format(int(group) - 2, block, layer)

        def wrong_name_of(caffe):
            group, block, layer = parsed(caffe)
            return "group{}/blok{}/{}".format(int(group) - 2, block, layer)  # error: [unknown-variable]

        tf.train.load_variable("res.ckpt", name_of("conv1/W"))
        tf.train.load_variable("res.ckpt", name_of("res2a/W"))
        tf.train.load_variable("res.ckpt", wrong_name_of("res2a/W"))
        """
    )


def test_variables_of_the_model_are_chosen_by_how_they_begin(project):
    project.checkpoint("gan.ckpt", gen__w=[2], discrim__w=[2])
    code = """
        tf.train.Saver().restore(session, "gan.ckpt")

        def clip():
            for variable in tf.trainable_variables():
                name = variable.op.name
                if not name.startswith("{}"):
                    continue
                yield variable.assign(tf.clip_by_value(variable, -0.01, 0.01))
        """
    project.checks(code.replace("{}", "discrim/"))
    assert project.marks(code.replace("{}", "dicsrim/")) == ["dicsrim/"]
    project.completes(code.replace("{}", "<cursor>"), offers=["gen", "discrim"])


def test_pairs_of_substrings_to_replace(bert):
    """Most occur in some other model's names only; hovering tells in how many."""
    code = """
        REPLACEMENTS = (("bert/enco{}der", "layers"), ("embeddings/LayerNorm", "norm"))

        def new_name(name, replacements=REPLACEMENTS):
            for old, new in replacements:
                if old in name:
                    name = name.replace(old, new)
            return name

        names = tf.train.load_checkpoint("bert.ckpt").get_variable_to_shape_map()
        renamed = [new_name(name) for name in names]
        """
    bert.checks(code.replace("{}", ""))
    assert "matches 12 variables" in bert.hover(code.replace("{}", "<cursor>"))


def test_a_hook_that_cuts_scopes_off_and_puts_them_on(project):
    project.checkpoint("old.ckpt", old__w=[2], adam_v=[2])
    project.checks(
        """
        class Restore:
            def __init__(self, path="", new_scope="", old_scope="", exclude=None):
                self.path, self.new, self.old, self.exclude = path, new_scope, old_scope, exclude

            def begin(self):
                chosen = tf.contrib.framework.get_variables_to_restore(exclude=self.exclude)
                found = {v.name[len(self.new):]: v for v in chosen if v.name.startswith(self.new)}
                found = {self.old + name.split(":")[0]: v for name, v in found.items()}
                tf.train.init_from_checkpoint(self.path, found)

        Restore("old.ckpt", "new/", "old/", exclude=["adma_v"]).begin()  # warning: [pattern-matches-nothing] adam_v
        """
    )


def test_the_wrapper_of_all_names_that_are_there(bert):
    bert.checks(
        """
        for name, shape in tf.train.list_variables("bert.ckpt"):
            if not name.startswith("global_step") and "adam" not in name.lower():
                mapping = {name: "model/" + name}
            if name.startswith("bret/encoder"):  # warning: [dead-name-test] bert/encoder
                pass
        """
    )
