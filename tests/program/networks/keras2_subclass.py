import tensorflow as tf
import tf_keras as keras


class Residual(keras.layers.Layer):
    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = keras.layers.Conv2D(channels, 3, padding='same')
        self.bn1 = keras.layers.BatchNormalization()
        self.conv2 = keras.layers.Conv2D(channels, 3, padding='same')

    def build(self, input_shape):
        self.scale = self.add_weight(name='scale', shape=(input_shape[-1],), initializer='ones')
        super().build(input_shape)

    def call(self, inputs, training=False):
        x = tf.nn.relu(self.bn1(self.conv1(inputs), training=training))
        return inputs * self.scale + self.conv2(x)


class Net(keras.Model):
    def __init__(self, num_classes, depth=3):
        super(Net, self).__init__(name='net')
        self.stem = keras.layers.Conv2D(16, 3, padding='same', name='stem')
        self.blocks = [Residual(16) for _ in range(depth)]
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.head = keras.Sequential([keras.layers.Dense(32, activation='relu'),
                                      keras.layers.Dense(num_classes)])

    def call(self, x, training=None):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.pool(x))


net = Net(10)
net.build((None, 32, 32, 3))
checkpoint = tf.train.Checkpoint(model=net)
