import tensorflow as tf
from inception_v3 import inception_v3, inception_arg_scope

slim = tf.contrib.slim


def get_init_variables(exclusions):
    exclusions = [scope.strip() for scope in exclusions.split(',')]
    variables = []
    for var in slim.get_model_variables():
        excluded = False
        for exclusion in exclusions:
            if var.op.name.startswith(exclusion):
                excluded = True
                break
        if not excluded:
            variables.append(var)
    return variables


def run():
    size = inception_v3.default_image_size
    images = tf.placeholder(tf.float32, [None, size, size, 3])
    with slim.arg_scope(inception_arg_scope()):
        logits, end_points = inception_v3(images, num_classes=5, is_training=True)
    saver = tf.train.Saver(get_init_variables('InceptionV3/Logits,InceptionV3/AuxLogits'))
    with tf.Session() as sess:
        saver.restore(sess, '/models/inception_v3.ckpt')


if __name__ == '__main__':
    run()
