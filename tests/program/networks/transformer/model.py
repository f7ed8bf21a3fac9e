import tensorflow as tf

from modules import get_token_embeddings, ff, positional_encoding, multihead_attention


class Transformer:
    def __init__(self, hp):
        self.hp = hp
        self.embeddings = get_token_embeddings(self.hp.vocab_size, self.hp.d_model,
                                               zero_pad=True)

    def encode(self, xs, training=True):
        with tf.variable_scope("encoder", reuse=tf.AUTO_REUSE):
            x, seqlens = xs
            enc = tf.nn.embedding_lookup(self.embeddings, x)
            enc *= self.hp.d_model ** 0.5
            enc += positional_encoding(enc, self.hp.maxlen1)
            enc = tf.layers.dropout(enc, self.hp.dropout_rate, training=training)
            for i in range(self.hp.num_blocks):
                with tf.variable_scope("num_blocks_{}".format(i), reuse=tf.AUTO_REUSE):
                    enc = multihead_attention(queries=enc, keys=enc, values=enc,
                                              num_heads=self.hp.num_heads, training=training,
                                              causality=False)
                    enc = ff(enc, num_units=[self.hp.d_ff, self.hp.d_model])
        return enc

    def decode(self, ys, memory, training=True):
        with tf.variable_scope("decoder", reuse=tf.AUTO_REUSE):
            decoder_inputs, y, seqlens = ys
            dec = tf.nn.embedding_lookup(self.embeddings, decoder_inputs)
            dec *= self.hp.d_model ** 0.5
            dec += positional_encoding(dec, self.hp.maxlen2)
            for i in range(self.hp.num_blocks):
                with tf.variable_scope("num_blocks_{}".format(i), reuse=tf.AUTO_REUSE):
                    dec = multihead_attention(queries=dec, keys=dec, values=dec,
                                              num_heads=self.hp.num_heads, causality=True,
                                              scope="self_attention")
                    dec = multihead_attention(queries=dec, keys=memory, values=memory,
                                              num_heads=self.hp.num_heads,
                                              scope="vanilla_attention")
                    dec = ff(dec, num_units=[self.hp.d_ff, self.hp.d_model])
        weights = tf.transpose(self.embeddings)
        return tf.einsum('ntd,dk->ntk', dec, weights)

    def train(self, xs, ys):
        memory = self.encode(xs)
        logits = self.decode(ys, memory)
        loss = tf.reduce_mean(tf.square(logits))
        global_step = tf.train.get_or_create_global_step()
        lr = self.hp.lr * tf.minimum(tf.cast(global_step, tf.float32), 1.0)
        optimizer = tf.train.AdamOptimizer(lr)
        train_op = optimizer.minimize(loss, global_step=global_step)
        tf.summary.scalar('lr', lr)
        return loss, train_op, global_step, tf.summary.merge_all()
