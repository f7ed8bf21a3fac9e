import tensorflow as tf

rnn = tf.nn.rnn_cell
VOCAB, EMBED, UNITS, LAYERS = 4000, 128, 256, 2


def single_cell(units, keep_prob):
    cell = rnn.LSTMCell(units)
    return rnn.DropoutWrapper(cell, input_keep_prob=keep_prob)


def build_encoder(inputs, lengths, keep_prob):
    with tf.variable_scope('encoder'):
        embedding = tf.get_variable('embedding', [VOCAB, EMBED])
        embedded = tf.nn.embedding_lookup(embedding, inputs)
        fw = rnn.MultiRNNCell([single_cell(UNITS, keep_prob) for _ in range(LAYERS)])
        bw = rnn.MultiRNNCell([single_cell(UNITS, keep_prob) for _ in range(LAYERS)])
        outputs, states = tf.nn.bidirectional_dynamic_rnn(
            fw, bw, embedded, sequence_length=lengths, dtype=tf.float32)
        outputs = tf.concat(outputs, -1)
        return outputs, states


def build_decoder(targets, memory, keep_prob):
    with tf.variable_scope('decoder') as scope:
        embedding = tf.get_variable('embedding', [VOCAB, EMBED])
        embedded = tf.nn.embedding_lookup(embedding, targets)
        cell = rnn.GRUCell(UNITS)
        first = tf.layers.dense(memory[:, -1, :], UNITS, activation=tf.tanh, name='bridge')
        outputs, _ = tf.nn.dynamic_rnn(cell, embedded, initial_state=first, scope='decode')
        query = tf.layers.dense(outputs, 2 * UNITS, use_bias=False, name='query_layer')
        scores = tf.matmul(query, memory, transpose_b=True)
        context = tf.matmul(tf.nn.softmax(scores), memory)
        joined = tf.concat([outputs, context], axis=2)
        return tf.layers.dense(joined, VOCAB, name='projection')


sources = tf.placeholder(tf.int32, [None, None], 'sources')
lengths = tf.placeholder(tf.int32, [None])
targets = tf.placeholder(tf.int32, [None, None], 'targets')
memory, _ = build_encoder(sources, lengths, 0.8)
logits = build_decoder(targets, memory, 0.8)
loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=targets))
step = tf.Variable(0, trainable=False, name='global_step')
params = tf.trainable_variables()
clipped, _ = tf.clip_by_global_norm(tf.gradients(loss, params), 5.0)
train = tf.train.RMSPropOptimizer(0.001).apply_gradients(zip(clipped, params), step)
saver = tf.train.Saver({v.op.name: v for v in params})
sess = tf.Session()
saver.restore(sess, 'translate.ckpt-9000')
