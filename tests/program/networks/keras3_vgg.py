# keras: 3
import keras
from keras import layers


def vgg_block(x, filters, convs, block):
    for i in range(convs):
        x = layers.Conv2D(filters, (3, 3), activation='relu', padding='same',
                          name=f'block{block}_conv{i + 1}')(x)
    return layers.MaxPooling2D((2, 2), strides=(2, 2), name=f'block{block}_pool')(x)


def VGG16(include_top=True, input_shape=(224, 224, 3), classes=1000):
    inputs = layers.Input(shape=input_shape)
    x = inputs
    for number, (filters, convs) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]):
        x = vgg_block(x, filters, convs, number + 1)
    if include_top:
        x = layers.Flatten(name='flatten')(x)
        x = layers.Dense(4096, activation='relu', name='fc1')(x)
        x = layers.Dense(4096, activation='relu', name='fc2')(x)
        x = layers.Dense(classes, activation='softmax', name='predictions')(x)
    return keras.Model(inputs, x, name='vgg16')


base = VGG16(include_top=False, input_shape=(64, 64, 3))
base.trainable = False
model = keras.Sequential([
    base,
    layers.Flatten(),
    layers.Dense(256, activation='relu'),
    layers.BatchNormalization(),
    layers.Dropout(0.5),
    layers.Dense(5, activation='softmax'),
])
model.load_weights('classes.weights.h5')
