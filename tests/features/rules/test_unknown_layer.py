"""unknown-layer: where it fires, and the neighbours that stay silent."""

from __future__ import annotations

import pytest


@pytest.fixture
def keras(project):
    layers = "block1_conv1", "block1_conv2", "predictions"
    project.keras("weights.h5", *layers, is_model=True)
    return project


def test_get_layer_and_exclude_fire(keras):
    keras.checks(
        """
        model = tf.keras.applications.VGG16(weights=None)
        model.load_weights("weights.h5", by_name=True, exclude=["predictons"])  # warning: [unknown-layer] did you mean `predictions`?
        model.load_weights("weights.h5", by_name=True, exclude=["predictions", "mrcnn_bbox"])
        model.get_layer("blok1_conv1")  # warning: [unknown-layer] `block1_conv1`
        model.get_layer("block1_conv1")
        """
    )


def test_layers_that_take_weights_by_name_fire(keras):
    keras.checks(
        """
        model = tf.keras.Sequential([
            tf.keras.layers.Conv2D(64, 3, name="block1_covn1"),  # warning: [unknown-layer] `block1_conv1`
            tf.keras.layers.Conv2D(64, 3, name="block1_conv2"),
            tf.keras.layers.Dense(5, name="flowers"),
        ])
        model.load_weights("weights.h5", by_name=True)
        """
    )


def test_the_fix_is_the_name_of_the_file(keras):
    snippet = 'model = tf.keras.models.load_model("weights.h5")\nmodel.get_layer("{}")'
    assert keras.fixed(snippet.format("predictons")) == snippet.format("predictions")


def test_weights_loaded_in_order_do_not_care_for_names(keras):
    keras.checks(
        """
        model = tf.keras.Sequential([tf.keras.layers.Conv2D(64, 3, name="block1_covn1")])
        model.load_weights("weights.h5")
        model.get_layer("block1_covn1")
        """
    )


def test_other_numbers_and_other_names_are_silent(keras):
    keras.checks(
        """
        model = tf.keras.models.load_model("weights.h5")
        model.get_layer("block5_conv1")
        model.get_layer("fc_flowers")
        model.get_layer(index=3)
        """
    )


def test_an_unknown_file_is_silent(keras):
    keras.checks(
        """
        import sys
        model = tf.keras.models.load_model(sys.argv[1])
        model.get_layer("predictons")
        """
    )


@pytest.fixture
def mask(project):
    project.keras("mask.h5", "conv1", "mrcnn_class_conv1", "mrcnn_bbox_fc", "fpn_c5p5")
    return project


MASK_RCNN = """
import mrcnn.model as modellib
model = modellib.MaskRCNN(mode="training", config=config, model_dir="logs")
model.load_weights("mask.h5", by_name=True, exclude=["mrcnn_bbox_fc", "mrcnn_mask"])
"""


@pytest.mark.parametrize(
    ("call", "right"),
    [
        ('set_trainable("mrcnn_")', "mrcnn_.*"),
        ('set_trainable(layer_regex="fppn_.*")', "fpn_.*"),
        (r'set_trainable(r"mrcnn_clsas\_.*")', r"mrcnn_class\_.*"),
        ('train(a, b, 1e-3, 40, "fpn_")', "fpn_.*"),
        ('keras_model.get_layer("fnp_c5p5")', "fpn_c5p5"),
    ],
)
def test_patterns_on_names_of_layers_match_them_whole(mask, call, right):
    _, found = mask.findings(f"{MASK_RCNN}model.{call}\n")
    assert [each.code for each in found] == ["unknown-layer"]
    assert right in found[0].suggestions


def test_patterns_that_match_a_layer_or_none_by_design_are_silent(mask):
    mask.checks(
        MASK_RCNN
        + r"""
model.set_trainable(r"(mrcnn\_.*)|(new\_head.*)")
model.set_trainable("conv[0-9]")
model.set_trainable(".*", model.keras_model)
model.set_trainable("new_head.*")
model.set_trainable(layer_regex=pattern)
for part in ("heads", "4+", "all"):
    model.train(a, b, learning_rate=1e-3, epochs=40, layers=part)
"""
    )


def test_a_pattern_on_layers_that_does_not_compile(mask):
    mask.checks(MASK_RCNN + 'model.set_trainable("(mrcnn")  # error: [invalid-pattern]\n')


def test_names_of_layers_that_are_put_together(keras):
    snippet = """
        model = tf.keras.models.load_model("weights.h5")
        for number in (1, 2):
            model.get_layer("{}_conv%d" % number)
            model.get_layer("block1_" + "{}" + str(number))
        """
    assert keras.marks(snippet.replace("{}", "block1", 1).replace("{}", "conv")) == []
    assert keras.marks(snippet.replace("{}", "blok1", 1).replace("{}", "conv")) == ["blok1_conv%d"]
    assert keras.marks(snippet.replace("{}", "block1", 1).replace("{}", "cnov")) == ["cnov"]
