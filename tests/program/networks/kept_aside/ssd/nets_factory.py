import functools

import tensorflow as tf

import ssd_net

slim = tf.contrib.slim

networks_obj = {'ssd_300_vgg': ssd_net.SSDNet}
arg_scopes_map = {'ssd_300_vgg': ssd_net.ssd_arg_scope}


def get_network(name):
    return networks_obj[name]


def get_network_fn(name, num_classes, is_training=False, **kwargs):
    arg_scope = arg_scopes_map[name](weight_decay=0.0004)
    func = get_network(name)().net

    @functools.wraps(func)
    def network_fn(images, **kwargs):
        with slim.arg_scope(arg_scope):
            return func(images, is_training=is_training, **kwargs)
    return network_fn
