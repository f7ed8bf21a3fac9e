import os

import tensorflow as tf

from src import model

MODEL_NAME = '124M'


def interact(model_name=MODEL_NAME, batch_size=1, models_dir='models'):
    hparams = model.default_hparams()
    with tf.Session(graph=tf.Graph()) as sess:
        context = tf.placeholder(tf.int32, [batch_size, None])
        output = model.model(hparams=hparams, X=context)
        saver = tf.train.Saver()
        saver.restore(sess, os.path.join(models_dir, model_name, 'model.ckpt'))
        sess.run(output['logits'])


if __name__ == '__main__':
    interact()
