import argparse
import os

import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--checkpoint", default="ckpts/net.ckpt")
args = parser.parse_args()


def load(name):
    return tf.train.load_variable(args.checkpoint, name)


weights = [load("net/conv1/weights"), load("net/conv1/wieghts")]
for i in range(2):
    weights.append(load("net/block_%d/weights" % i))

reader = tf.train.load_checkpoint(os.path.expanduser(unknown_place()))
reader.get_tensor(unknown_name())
