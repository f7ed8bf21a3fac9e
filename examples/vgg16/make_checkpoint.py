"""Write ckpts/vgg_16.ckpt: VGG-16 with the names and shapes of TF-Slim's checkpoint.

    python make_checkpoint.py              # only the .index (1.5 KB), enough for ckptls
    python make_checkpoint.py --keep-data  # with 553 MB of zeros, to run finetune.py

The names and shapes are those of vgg_16_2016_08_28; the weights themselves are not.
"""
import argparse
import pathlib

import tensorflow.compat.v1 as tf

BLOCKS = [(1, 2, 64), (2, 2, 128), (3, 3, 256), (4, 3, 512), (5, 3, 512)]


def variables():
    """(name, shape, dtype) of each of the 34 variables."""
    yield 'global_step', [], tf.int64
    channels = 3
    for block, layers, width in BLOCKS:
        for layer in range(1, layers + 1):
            scope = 'vgg_16/conv%d/conv%d_%d' % (block, block, layer)
            yield scope + '/weights', [3, 3, channels, width], tf.float32
            yield scope + '/biases', [width], tf.float32
            channels = width
    for name, shape in [('fc6', [7, 7, 512, 4096]), ('fc7', [1, 1, 4096, 4096]),
                        ('fc8', [1, 1, 4096, 1000])]:
        yield 'vgg_16/%s/weights' % name, shape, tf.float32
        yield 'vgg_16/%s/biases' % name, shape[-1:], tf.float32
    yield 'vgg_16/mean_rgb', [3], tf.float32


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--keep-data', action='store_true')
    args = parser.parse_args()

    prefix = pathlib.Path(__file__).parent / 'ckpts' / 'vgg_16.ckpt'
    prefix.parent.mkdir(exist_ok=True)
    names, shapes, dtypes = zip(*variables())
    tensors = [tf.zeros(shape, dtype) for shape, dtype in zip(shapes, dtypes)]
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=list(names),
                      shape_and_slices=[''] * len(names), tensors=tensors)
    if not args.keep_data:
        for data in prefix.parent.glob('vgg_16.ckpt.data-*'):
            data.unlink()


if __name__ == '__main__':
    main()
