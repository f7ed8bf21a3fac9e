# keras: 3
import keras
from keras import layers

vocab, length, units = 5000, 80, 64

inputs = keras.Input((length,), dtype='int32')
x = layers.Embedding(vocab, units)(inputs)
x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x)
x = layers.Bidirectional(layers.GRU(units // 2))(x)
x = layers.Dense(units, activation='relu')(x)
x = layers.LayerNormalization()(x)
outputs = layers.Dense(1, activation='sigmoid')(x)
model = keras.Model(inputs, outputs)

tagger = keras.Sequential()
tagger.add(keras.Input((length, 16)))
for filters in (32, 64):
    tagger.add(layers.Conv1D(filters, 5, padding='same'))
    tagger.add(layers.BatchNormalization())
    tagger.add(layers.ReLU())
tagger.add(layers.SimpleRNN(24, return_sequences=True))
tagger.add(layers.TimeDistributed(layers.Dense(9, name='tags')))
model.load_weights('sentiment.weights.h5')
tagger.load_weights('tagger.weights.h5')
