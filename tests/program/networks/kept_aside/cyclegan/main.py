from collections import namedtuple
import os

import tensorflow as tf

from module import *


class cyclegan(object):
    def __init__(self, sess):
        self.sess = sess
        self.discriminator = discriminator
        self.generator = generator_resnet
        OPTIONS = namedtuple('OPTIONS', 'batch_size image_size gf_dim df_dim output_c_dim')
        self.options = OPTIONS._make((1, 256, 64, 64, 3))
        self._build_model()
        self.saver = tf.train.Saver()

    def _build_model(self):
        self.real_data = tf.placeholder(tf.float32, [None, 256, 256, 6], name='real_A_and_B')
        self.real_A = self.real_data[:, :, :, :3]
        self.real_B = self.real_data[:, :, :, 3:6]
        self.fake_B = self.generator(self.real_A, self.options, False, name="generatorA2B")
        self.fake_A_ = self.generator(self.fake_B, self.options, False, name="generatorB2A")
        self.fake_A = self.generator(self.real_B, self.options, True, name="generatorB2A")
        self.fake_B_ = self.generator(self.fake_A, self.options, True, name="generatorA2B")
        self.DB_fake = self.discriminator(self.fake_B, self.options, reuse=False,
                                          name="discriminatorB")
        self.DA_fake = self.discriminator(self.fake_A, self.options, reuse=False,
                                          name="discriminatorA")
        self.DA_real = self.discriminator(self.real_A, self.options, reuse=True,
                                          name="discriminatorA")
        self.loss = tf.reduce_mean(self.DA_real) + tf.reduce_mean(self.DB_fake)
        t_vars = tf.trainable_variables()
        self.d_vars = [var for var in t_vars if 'discriminator' in var.name]
        self.g_vars = [var for var in t_vars if 'generator' in var.name]
        self.d_optim = tf.train.AdamOptimizer(2e-4, beta1=.5).minimize(
            self.loss, var_list=self.d_vars)
        self.g_optim = tf.train.AdamOptimizer(2e-4, beta1=.5).minimize(
            self.loss, var_list=self.g_vars)

    def load(self, checkpoint_dir):
        model_dir = "%s_%s" % ('horse2zebra', self.options.image_size)
        checkpoint_dir = os.path.join(checkpoint_dir, model_dir)
        self.saver.restore(self.sess, os.path.join(checkpoint_dir, 'cyclegan.model-1002'))


with tf.Session() as sess:
    cyclegan(sess).load('./checkpoint')
