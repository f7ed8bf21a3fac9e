"""Layers of Keras 2, eager: tf_keras by name."""
import tf_keras as keras
from tf_keras import layers, Sequential

model = Sequential([
    layers.Conv2D(32, (3, 3), padding='same', input_shape=(32, 32, 3)),
    layers.BatchNormalization(),
    layers.Activation('relu'),
    layers.Conv2D(32, 3, activation='relu'),
    layers.MaxPooling2D(),
    layers.SeparableConv2D(64, 3, use_bias=False),
    layers.BatchNormalization(scale=False),
    layers.DepthwiseConv2D(3),
    layers.Conv2DTranspose(16, 2, strides=2),
    layers.Flatten(),
    layers.Dense(64, activation='relu'),
    layers.Dropout(0.5),
])
model.add(layers.Dense(10, name='logits'))


def text_model(vocab, units):
    inputs = keras.Input(shape=(None,), dtype='int32')
    x = layers.Embedding(vocab, 64)(inputs)
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x)
    x = layers.TimeDistributed(layers.Dense(32))(x)
    x = layers.GRU(units)(x)
    x = layers.LayerNormalization()(x)
    return keras.Model(inputs, layers.Dense(2)(x), name='text')


text = text_model(1000, 16)
text.load_weights('text.h5')
model.load_weights('cnn.h5', by_name=True)
