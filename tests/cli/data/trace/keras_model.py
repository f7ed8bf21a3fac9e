import os

import numpy as np
import truth

if os.environ.get("TF_USE_LEGACY_KERAS"):
    import tf_keras as keras
else:
    import keras


class Block(keras.layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.inner = keras.layers.Dense(width)
        self.drop = keras.layers.Dropout(0.5, seed=1)

    def call(self, inputs):
        return self.drop(self.inner(inputs))


def build_net(width=4):
    inputs = keras.Input((6, 6, 3))
    net = keras.layers.Conv2D(5, 3, name="stem")(inputs)
    net = keras.layers.BatchNormalization()(net)
    net = keras.layers.Flatten()(net)
    net = Block(width)(net)
    return keras.Model(inputs, keras.layers.Dense(2, name="head")(net))


def later():
    """A model that has no variables before it has seen data."""
    return keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])


if __name__ == "__main__":
    model = build_net()
    model.compile("adam", "mse", metrics=["mae"])
    model.load_weights("pretrained.weights.h5")
    model.optimizer.build(model.trainable_variables)
    truth.write(model.weights, optimizer=list(map(truth.describe, model.optimizer.variables)))
    model.fit(np.zeros([4, 6, 6, 3], "float32"), np.zeros([4, 2], "float32"))
    model.save_weights("must-not-be-written.weights.h5")
    raise SystemExit("training was not stopped")
