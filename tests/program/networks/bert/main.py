import tensorflow as tf

import modeling


def create_model(bert_config, is_training, input_ids, input_mask, segment_ids, labels,
                 num_labels, use_one_hot_embeddings):
    model = modeling.BertModel(config=bert_config, is_training=is_training,
                               input_ids=input_ids, input_mask=input_mask,
                               token_type_ids=segment_ids,
                               use_one_hot_embeddings=use_one_hot_embeddings)
    output_layer = model.get_pooled_output()
    hidden_size = output_layer.shape[-1].value
    output_weights = tf.get_variable("output_weights", [num_labels, hidden_size],
                                     initializer=tf.truncated_normal_initializer(stddev=0.02))
    output_bias = tf.get_variable("output_bias", [num_labels],
                                  initializer=tf.zeros_initializer())
    with tf.variable_scope("loss"):
        if is_training:
            output_layer = tf.nn.dropout(output_layer, keep_prob=0.9)
        logits = tf.matmul(output_layer, output_weights, transpose_b=True)
        logits = tf.nn.bias_add(logits, output_bias)
        log_probs = tf.nn.log_softmax(logits, axis=-1)
        one_hot_labels = tf.one_hot(labels, depth=num_labels, dtype=tf.float32)
        per_example_loss = -tf.reduce_sum(one_hot_labels * log_probs, axis=-1)
        loss = tf.reduce_mean(per_example_loss)
        return (loss, per_example_loss, logits)


config = modeling.BertConfig(vocab_size=21128, type_vocab_size=2)
ids = tf.placeholder(tf.int32, [8, 128], name='input_ids')
mask = tf.placeholder(tf.int32, [8, 128], name='input_mask')
segments = tf.placeholder(tf.int32, [8, 128], name='segment_ids')
labels = tf.placeholder(tf.int32, [8])
loss, _, logits = create_model(config, True, ids, mask, segments, labels, 3, False)
saver = tf.train.Saver([v for v in tf.trainable_variables() if v.name.startswith('bert/')])
with tf.Session() as sess:
    saver.restore(sess, 'chinese_L-12_H-768_A-12/bert_model.ckpt')
