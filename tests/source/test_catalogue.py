"""Each entry of the catalogue: what the strings of one call of it name.

A case is a call and the sites in it, `role text` or `role text < checkpoint`. `{f}` stands
for the function, once for each of its names; `{r}` for an object that has the method.
"""

from __future__ import annotations

import sys
from importlib import resources

import pytest

from ckptls.source.document import Document
from ckptls.source.semantics.catalogue import builtin_catalogue, canonical
from ckptls.source.semantics.sites import Evidence, PathForm, Role

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONTRIB = "tensorflow.contrib.framework."
TRAIN = "tensorflow.train."
KERAS = "keras."

RECEIVERS = {
    "reader": 'tf.train.load_checkpoint("a")',
    "variable-map": 'tf.train.load_checkpoint("a").get_variable_to_shape_map()',
    "saver": 'tf.train.Saver({"w": v})',
    "moving-average": "tf.train.ExponentialMovingAverage(0.9)",
    "estimator": 'tf.estimator.Estimator(f, "a")',
    "object-checkpoint": "tf.train.Checkpoint(net=net)",
    "manager": 'tf.train.CheckpointManager(tf.train.Checkpoint(net=net), "a", 3)',
    "session": "tf.Session()",
    "graph": "tf.get_default_graph()",
    "model-name": "[v.name for v in tf.trainable_variables()][0]",
    "checkpoint-name": '[name for name, shape in tf.train.list_variables("a")][0]',
    "keras-model": "tf.keras.Sequential()",
    "template": 'tf.make_template("s", build)',
    "layer-object": 'tf.nn.rnn_cell.GRUCell(8, name="c")',
    "mask-rcnn": 'mrcnn.model.MaskRCNN("training", config, "logs")',
    "loader": 'keras_bert.loader.checkpoint_loader("a")',
}
READS = ["path a", "variable w < a"]
PATTERNS = ["pattern p", "pattern q"]
WARM = (
    '{f}("a", ["p", "q"], var_name_to_prev_var_name={{"g": "w"}},'
    ' var_name_to_vocab_info={{"h": info}})'
)
CELL = 'tf.nn.dynamic_rnn({f}(8, name="c"), x, scope="s")'
WARMED = [
    *("path a", "pattern p < a", "pattern q < a", "graph-variable h < a", "graph-variable g < a"),
    "variable w < a",
]

FUNCTIONS: dict[str, tuple[str, list[str]]] = {
    TRAIN + "list_variables": ('dict({f}("a"))["w"]', READS),
    TRAIN + "load_variable": ('{f}("a", "w")', READS),
    TRAIN + "load_checkpoint": ('{f}("a").get_tensor("w")', READS),
    TRAIN + "NewCheckpointReader": ('{f}("a").get_tensor("w")', READS),
    "tensorflow.python.tools.inspect_checkpoint.print_tensors_in_checkpoint_file": (
        '{f}("a", tensor_name="w", all_tensors=False)',
        READS,
    ),
    "tensorflow.raw_ops.RestoreV2": ('{f}(prefix="a", tensor_names=["w"])', READS),
    "tensorflow.raw_ops.Restore": ('{f}(file_pattern="a", tensor_name="w")', READS),
    TRAIN + "latest_checkpoint": (
        'tf.train.load_variable({f}("a"), "w")',
        READS,
    ),
    TRAIN + "get_checkpoint_state": (
        'tf.train.load_variable({f}("a").model_checkpoint_path, "w")',
        READS,
    ),
    TRAIN + "checkpoints_iterator": ('{f}("a")', ["path a"]),
    TRAIN + "checkpoint_exists": ('{f}("a")', []),
    TRAIN + "init_from_checkpoint": (
        '{f}("a", {{"w": "v", "s/": "t/"}})',
        ["path a", "variable w < a", "graph-variable v", "scope s/ < a", "graph-scope t/"],
    ),
    TRAIN + "Saver": (
        '{f}({{"w": v}}).restore(session, "a")',
        READS,
    ),
    TRAIN + "import_meta_graph": ('{f}("a.meta").restore(session, "a")', ["path a.meta", "path a"]),
    TRAIN + "export_meta_graph": ('{f}("a.meta")', ["path a.meta"]),
    "tf_slim.assign_from_checkpoint": ('{f}("a", {{"w": v}})', READS),
    "tf_slim.assign_from_checkpoint_fn": ('{f}("a", {{"w": v}})', READS),
    "tf_slim.assign_from_values": ('{f}({{"v": array}})', ["graph-variable v"]),
    TRAIN + "ExponentialMovingAverage": ('{f}(0.9).variables_to_restore("x")', []),
    CONTRIB + "load_and_remap_matrix_initializer": ('{f}("a", "w", rows, 3)', READS),
    CONTRIB + "load_embedding_initializer": ('{f}("a", "w", 3, 4, "v.txt")', READS),
    CONTRIB + "load_linear_multiclass_bias_initializer": ('{f}("a", "w", 3)', READS),
    CONTRIB + "load_variable_slot_initializer": ('{f}("a", "w", p, 3)', READS),
    CONTRIB + "load_and_remap_matrix": ('{f}(ckpt_path="a", old_tensor_name="w")', READS),
    "sonnet.restore_initializer": (
        '{f}("a", "w", "s")\nwith tf.variable_scope("t"):\n    {f}("a", "w")',
        ["path a", "variable s/w < a", "graph-scope t", "path a", "variable t/w < a"],
    ),
    "sonnet.get_variables_in_scope": ('{f}("p")', ["pattern p"]),
    TRAIN + "warm_start": (WARM, WARMED),
    "tensorflow.estimator.WarmStartSettings": (WARM, WARMED),
    "tensorflow.estimator.Estimator": (
        '{f}(f, "a", warm_start_from="b").get_variable_value("w")',
        ["path a", "path b", "variable w < a"],
    ),
    "tensorflow.estimator.DNNClassifier": (
        '{f}(units, model_dir="a", warm_start_from="b")',
        ["path a", "path b"],
    ),
    "tensorflow.estimator.RunConfig": ('{f}(model_dir="a")', ["path a"]),
    TRAIN + "MonitoredTrainingSession": (
        '{f}("", True, "a").run("x:0")',
        ["path a", "tensor x:0 < a"],
    ),
    TRAIN + "ChiefSessionCreator": (
        '{f}(checkpoint_dir="a", checkpoint_filename_with_path="b")',
        ["path b", "path a"],
    ),
    TRAIN + "Supervisor": ('{f}(logdir="a")', ["path a"]),
    TRAIN + "CheckpointSaverHook": ('{f}("a", 100)', ["path a"]),
    "tf_slim.learning.train": ('{f}(op, "a")', ["path a"]),
    "tf_slim.evaluation.evaluate_once": ('{f}("", "a", "logs")', ["path a", "path logs"]),
    "tf_slim.evaluation.evaluation_loop": ('{f}("", "a", "logs")', ["path a", "path logs"]),
    TRAIN + "Checkpoint": ("{f}(net=net).restore('a')", ["path a", "object net < a"]),
    TRAIN + "CheckpointManager": (
        "c = tf.train.Checkpoint(net=net)\n{f}(c, 'a', 3).restore_or_initialize()",
        ["path a", "object net < a"],
    ),
    TRAIN + "CheckpointView": ('{f}("a")', ["path a"]),
    "tensorflow.saved_model.load": ('{f}("a")', ["path a"]),
    "tensorflow.saved_model.loader.load": ('{f}(session, tags, "a")', ["path a"]),
    "tensorflow.saved_model.contains_saved_model": ('{f}("a")', ["path a"]),
    "tensorflow.saved_model.save": ('{f}(model, "a")', ["path a"]),
    "tensorflow.saved_model.simple_save": ('{f}(session, "a", x, y)', ["path a"]),
    "tensorflow.saved_model.builder.SavedModelBuilder": ('{f}("a")', ["path a"]),
    "tensorflow.python.tools.freeze_graph.freeze_graph": (
        '{f}("g.pb", "", True, "a", "softmax")',
        ["path a"],
    ),
    "tensorflow.graph_util.convert_variables_to_constants": (
        '{f}(session, graph, ["x"], variable_names_whitelist=["v"])',
        ["tensor x", "graph-variable v"],
    ),
    "tensorflow.graph_util.extract_sub_graph": ('{f}(graph, ["x"])', ["tensor x"]),
    "tensorflow.get_default_graph": ('{f}().get_tensor_by_name("x:0")', ["tensor x:0"]),
    "tensorflow.Session": ('{f}().graph.get_operation_by_name("x")', ["tensor x"]),
    "tensorflow.import_graph_def": (
        '{f}(graph, {{"x": t}}, return_elements=["y:0"])',
        ["tensor x", "tensor y:0"],
    ),
    TRAIN + "LoggingTensorHook": ('{f}({{"loss": "x:0"}}, 10)', ["tensor x:0"]),
    "tf_slim.get_variables_to_restore": ('{f}(["p"], exclude=["q"])', PATTERNS),
    "tf_slim.get_variables": ('{f}("p")', ["pattern p"]),
    "tf_slim.get_variables_by_suffix": ('{f}("weights", "p")', ["pattern p"]),
    "tf_slim.get_variables_by_name": ('{f}("v", "p")', ["graph-variable v", "pattern p"]),
    "tf_slim.get_unique_variable": ('{f}("v")', ["graph-variable v"]),
    "tf_slim.filter_variables": ('{f}(variables, ["p"], exclude_patterns=["q"])', PATTERNS),
    "tensorflow.global_variables": ('{f}("p")', ["pattern p"]),
    "tensorflow.get_collection": ('{f}(key, scope="p")', ["pattern p"]),
    "tf_slim.learning.create_train_op": (
        '{f}(loss, optimizer, gradient_multipliers={{"v": 2}})',
        ["graph-variable v"],
    ),
    "tf_slim.learning.multiply_gradients": ('{f}(gradients, {{"v": 2}})', ["graph-variable v"]),
    "*.AdamWeightDecayOptimizer": ('{f}(exclude_from_weight_decay=["p", "q"])', PATTERNS),
    "tensorflow.get_variable": ('{f}("v", [3])', ["graph-variable v"]),
    "tensorflow.variable_scope": ('with {f}("s"):\n    pass', ["graph-scope s"]),
    "tensorflow.make_template": ('{f}("s", build)(x)', ["graph-scope s"]),
    "tensorflow.name_scope": (
        'with {f}("s"):\n    tf.Variable(0, name="v")',
        ["graph-variable s{}/v{}"],
    ),
    "tensorflow.Variable": ('{f}(0, name="v")', ["graph-variable v{}"]),
    "tf_slim.conv1d": ('{f}(x, 3, scope="s")', ["graph-scope s"]),
    "tensorflow.layers.dense": ('{f}(x, 3, name="s")', ["graph-scope s"]),
    "tensorflow.layers.Dense": (
        'd = {f}(3, name="d")\nwith tf.variable_scope("s"):\n    d(x)',
        ["graph-scope s", "graph-scope s/d"],
    ),
    "tensorflow.nn.rnn_cell.BasicRNNCell": (CELL, ["graph-scope s", "graph-scope s/c"]),
    "tensorflow.nn.rnn_cell.MultiRNNCell": (
        'c = tf.nn.rnn_cell.GRUCell(3, name="c")\ntf.nn.dynamic_rnn({f}([c]), x, scope="s")',
        ["graph-scope s", "graph-scope s/multi_rnn_cell{}/cell_0/c"],
    ),
    "tensorflow.nn.rnn_cell.DropoutWrapper": (
        'c = tf.nn.rnn_cell.GRUCell(3, name="c")\ntf.nn.dynamic_rnn({f}(c, 0.5), x, scope="s")',
        ["graph-scope s", "graph-scope s/c"],
    ),
    "tensorflow.nn.dynamic_rnn": ('{f}(cell, x, scope="s")', ["graph-scope s"]),
    "tensorflow.nn.static_rnn": ('{f}(cell, x, None, t, None, "s")', ["graph-scope s"]),
    "tensorflow.nn.raw_rnn": ('{f}(cell, loop, scope="s")', ["graph-scope s"]),
    "tensorflow.nn.bidirectional_dynamic_rnn": ('{f}(one, two, x, scope="s")', ["graph-scope s"]),
    "tensorflow.nn.static_bidirectional_rnn": ('{f}(one, two, x, scope="s")', ["graph-scope s"]),
    "tensorflow.contrib.rnn.stack_bidirectional_dynamic_rnn": (
        '{f}([one], [two], x, scope="s")',
        ["graph-scope s"],
    ),
    KERAS + "layers.Dense": ('{f}(3, name="d")', ["layer d"]),
    KERAS + "Model": ('{f}(x, y).get_layer("d")', ["layer d"]),
    KERAS + "applications.VGG16": (
        '{f}(weights="a").get_layer("d")',
        ["path a", "layer d < a"],
    ),
    KERAS + "models.load_model": ('{f}("a").get_layer("d")', ["path a", "layer d < a"]),
    KERAS + "models.save_model": ('{f}(model, "a")', ["path a"]),
    KERAS + "callbacks.ModelCheckpoint": ('{f}("a")', ["path a"]),
    KERAS + "callbacks.BackupAndRestore": ('{f}("a")', ["path a"]),
    "mrcnn.model.MaskRCNN": (
        '{f}("training", config, "logs").load_weights("a", exclude=["d"])',
        ["path logs", "path a", "layer d < a"],
    ),
    "*.get_assignment_map_from_checkpoint": ('{f}(variables, "a")', ["path a"]),
    "tensor2tensor.utils.t2t_model.initialize_from_ckpt": ('{f}("a", hparams)', ["path a"]),
    "tensor2tensor.utils.restore_hook.RestoreHook": (
        '{f}("a", "s/", "t/", include=["p"], exclude=["q"])',
        ["path a", "graph-scope s/ < a", "scope t/ < a", "pattern p < a", "pattern q < a"],
    ),
    "tensor2tensor.utils.partial_checkpoint_load_hook.PartialCheckpointLoad": (
        '{f}(context, "s/", "t/")',
        ["scope s/", "graph-scope t/"],
    ),
    "object_detection.utils.variables_helper.get_variables_available_in_checkpoint": (
        '{f}(variables, "a")',
        ["path a"],
    ),
    "object_detection.utils.variables_helper.filter_variables": (
        '{f}(variables, ["p", "q"])',
        PATTERNS,
    ),
    "tensorpack.SaverRestore": ('{f}("a", ignore=["v"])', ["path a", "graph-variable v < a"]),
    "tensorpack.get_model_loader": ('{f}("a")', ["path a"]),
    "tensorpack.DictRestore": ('{f}({{"v": array}})', ["graph-variable v"]),
    "*.load_tf_weights_in_bert": ('{f}(model, config, "a")', ["path a"]),
    "keras_bert.load_trained_model_from_checkpoint": ('{f}("c.json", "a")', ["path a"]),
    "keras_bert.loader.load_model_weights_from_checkpoint": (
        '{f}(model, config, "a")',
        ["path a"],
    ),
    "keras_bert.loader.checkpoint_loader": ('{f}("a")("w")', READS),
    "bert4keras.models.build_transformer_model": ('{f}("c.json", "a")', ["path a"]),
}

METHODS: dict[str, tuple[str, list[str]]] = {
    "reader.get_tensor": ('{r}.{m}("w")', READS),
    "reader.has_tensor": ('{r}.{m}("w")', READS),
    "reader.get_variable_to_shape_map": ('{r}.{m}()["w"]', READS),
    "reader.get_variable_to_dtype_map": ('{r}.{m}()["w"]', READS),
    "variable-map.get": ('{r}.{m}("w")', READS),
    "saver.restore": ('{r}.{m}(session, "a")', READS),
    "saver.save": ('{r}.{m}(session, "b")', ["path b"]),
    "saver.export_meta_graph": ('{r}.{m}("b.meta")', ["path b.meta"]),
    "moving-average.variables_to_restore": (
        'v = tf.get_variable("v")\ntf.train.Saver({r}.{m}([v])).restore(session, "a")',
        ["graph-variable v", "path a", "variable v/ExponentialMovingAverage < a"],
    ),
    "moving-average.average_name": (
        'v = tf.get_variable("v")\ntf.train.load_variable("a", {r}.average_name(v))',
        ["graph-variable v", "path a", "variable v/ExponentialMovingAverage < a"],
    ),
    "template.__call__": ("{r}(x)", ["graph-scope s"]),
    "layer-object.__call__": (
        'with tf.variable_scope("o"):\n    {r}(x, state, scope="s")',
        ["graph-scope o", "graph-scope o/s"],
    ),
    "estimator.get_variable_value": ('{r}.{m}("w")', READS),
    "estimator.evaluate": ('{r}.{m}(inputs, checkpoint_path="b")', ["path a", "path b"]),
    "estimator.export_saved_model": ('{r}.{m}("b", f)', ["path a", "path b"]),
    "estimator.latest_checkpoint": (
        'tf.train.load_variable({r}.{m}(), "w")',
        READS,
    ),
    "object-checkpoint.restore": ('{r}.{m}("a")', ["path a", "object net < a"]),
    "object-checkpoint.read": ('{r}.{m}("a")', ["path a", "object net < a"]),
    "object-checkpoint.save": ('{r}.{m}("b")', ["path b"]),
    "object-checkpoint.write": ('{r}.{m}("b")', ["path b"]),
    "manager.save": (
        "tf.train.load_variable({r}.{m}(3), 'x')",
        ["path a", "path a/ckpt-3", "variable x < a/ckpt-3"],
    ),
    "manager.restore_or_initialize": ("{r}.{m}()", ["path a", "object net < a"]),
    "manager.latest_checkpoint": (
        'tf.train.load_variable({r}.{m}, "w")',
        READS,
    ),
    "session.graph": ('{r}.{m}.get_tensor_by_name("x:0")', ["tensor x:0"]),
    "graph.get_tensor_by_name": ('{r}.{m}("x:0")', ["tensor x:0"]),
    "graph.get_operation_by_name": ('{r}.{m}("x")', ["tensor x"]),
    "graph.as_graph_element": ('{r}.{m}("x")', ["tensor x"]),
    "graph.as_default": (
        'with {r}.{m}() as g:\n    g.get_tensor_by_name("x:0")',
        ["tensor x:0"],
    ),
    "graph.get_collection": ('{r}.{m}(key, "p")', ["pattern p"]),
    "session.as_default": ('with {r}.{m}() as s:\n    s.run("x:0")', ["tensor x:0"]),
    "session.run": ('{r}.{m}(["x:0"], {{"y:0": 1}})', ["tensor x:0", "tensor y:0"]),
    "model-name.startswith": ('{r}.{m}(("p", "q"))', PATTERNS),
    "checkpoint-name.startswith": ('{r}.{m}("p")', ["path a", "pattern p < a"]),
    "model-name.endswith": ('{r}.{m}(("p", "q"))', PATTERNS),
    "checkpoint-name.endswith": ('{r}.{m}("p")', ["path a", "pattern p < a"]),
    "keras-model.load_weights": (
        '{r}.{m}("a", by_name=True, exclude=["d"])',
        ["path a", "layer d < a"],
    ),
    "keras-model.save_weights": ('{r}.{m}("b")', ["path b"]),
    "keras-model.get_layer": ('{r}.{m}("d")', ["layer d"]),
    "mask-rcnn.load_weights": ('{r}.{m}("a", True)', ["path logs", "path a"]),
    "mask-rcnn.set_trainable": ('{r}.{m}("d.*")', ["path logs", "layer-pattern d.*"]),
    "mask-rcnn.train": ('{r}.{m}(a, b, 1e-3, 9, "d.*")', ["path logs", "layer-pattern d.*"]),
    "mask-rcnn.keras_model": ('{r}.{m}.get_layer("d")', ["path logs", "layer d"]),
    "loader.__call__": ('{r}("w")', READS),
}


def tables() -> list[tuple[str, dict]]:
    """Every table of the catalogue, with the key of its case."""
    text = resources.files("ckptls.source.semantics").joinpath("catalogue.toml").read_text("utf-8")
    data = tomllib.loads(text)
    functions = [(table["names"][0], table) for table in data["function"]]
    members = [
        (f"{table['of']}.{table['names'][0]}", table)
        for table in (*data["method"], *data["attribute"])
    ]
    return functions + members


def told(snippet: str, imported: str = "") -> list[str]:
    """Each certain site as `role text`, or `role text < path` where it has one."""
    head = "import tensorflow as tf\nimport mrcnn, mrcnn.model, keras_bert.loader\n"
    # Some functions matter only beside others, and a file without those is not looked at.
    head += "tf.train.latest_checkpoint\n"
    answer: list[str] = []
    for site in Document(head + imported + snippet).analysis().sites:
        if not site.is_certain:
            continue
        text = f"{site.role.value} {site.full_text.template}"
        paths = [use.text.template for use in site.paths if site.role is not Role.PATH]
        answer.append(text + (" < " + ", ".join(paths) if paths else ""))
    return answer


def test_every_entry_has_a_case_and_every_case_an_entry():
    assert {key for key, _ in tables()} == FUNCTIONS.keys() | METHODS.keys()


def named() -> list[tuple[str, str]]:
    return [(key, name) for key, table in tables() if "of" not in table for name in table["names"]]


@pytest.mark.parametrize(("key", "name"), named(), ids=lambda value: value)
def test_a_function_under_each_of_its_names(key, name):
    snippet, expected = FUNCTIONS[key]
    name = name.replace("*.", "modeling.")
    root = name.partition(".")[0]
    assert told(snippet.format(f=name), f"import {root}\n") == expected


def methods() -> list[tuple[str, str]]:
    return [(key, name) for key, table in tables() if "of" in table for name in table["names"]]


@pytest.mark.parametrize(("key", "name"), methods(), ids=lambda value: value)
def test_a_method_of_an_object_of_its_kind(key, name):
    snippet, expected = METHODS[key]
    kind = key.partition(".")[0]
    assert told(snippet.format(r=RECEIVERS[kind], m=name)) == expected


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("tensorflow.compat.v1.train.Saver", "tensorflow.train.Saver"),
        ("tensorflow.python.training.saver.Saver", "tensorflow.train.Saver"),
        ("tensorflow.python.pywrap_tensorflow.NewCheckpointReader", TRAIN + "NewCheckpointReader"),
        ("tensorflow.python.training.training.NewCheckpointReader", TRAIN + "NewCheckpointReader"),
        ("tensorflow.python.training.checkpoint_utils.load_variable", TRAIN + "load_variable"),
        ("tensorflow.contrib.slim.get_variables", "tf_slim.get_variables"),
        ("tensorflow.contrib.layers.conv2d", "tf_slim.conv2d"),
        ("tensorflow.contrib.training.evaluate_once", "tf_slim.evaluate_once"),
        ("tensorflow.keras.models.load_model", "keras.models.load_model"),
        ("tf_keras.layers.Dense", "keras.layers.Dense"),
        (
            "tensorflow.python.framework.graph_util.extract_sub_graph",
            "tensorflow.graph_util.extract_sub_graph",
        ),
    ],
)
def test_a_function_is_found_wherever_it_is_imported_from(spelling, name):
    assert canonical(spelling) == name
    assert builtin_catalogue().function(spelling) is builtin_catalogue().function(name)


def uses(snippet: str, role: Role = Role.PATH):
    sites = Document("import tensorflow as tf\n" + snippet).analysis().sites
    return [use for site in sites if site.role is role for use in site.paths]


def test_the_form_of_a_path_is_that_of_its_parameter():
    call = 'tf.estimator.Estimator(f, "a", warm_start_from="b")'
    assert [use.form for use in uses(call)] == [PathForm.WORKING, PathForm.ANY]
    (use,) = uses('tf.train.Saver().save(session, "a")')
    assert use.form is PathForm.OUTPUT


def test_the_checkpoint_of_an_estimator_is_the_newest_of_its_directory():
    (use,) = uses('tf.estimator.Estimator(f, "a").get_variable_value("w")', Role.VARIABLE)
    assert use.evidence is Evidence.FLOW


def test_a_function_of_the_project_goes_before_one_that_projects_copy():
    snippet = """
def get_assignment_map_from_checkpoint(variables, path):
    return {}
get_assignment_map_from_checkpoint(v, "a")
"""
    assert told(snippet) == []
