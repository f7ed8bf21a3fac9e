import tensorflow as tf


def create_variable(name, shape):
    initializer = tf.contrib.layers.xavier_initializer_conv2d()
    variable = tf.Variable(initializer(shape=shape), name=name)
    return variable


def create_embedding_table(name, shape):
    if shape[0] == shape[1]:
        initial_val = tf.eye(shape[0], dtype=tf.float32)
        return tf.Variable(initial_val, name=name)
    else:
        return create_variable(name, shape)


def create_bias_variable(name, shape):
    initializer = tf.constant_initializer(value=0.0, dtype=tf.float32)
    return tf.Variable(initializer(shape=shape), name)


class WaveNetModel(object):
    def __init__(self, batch_size, dilations, filter_width, residual_channels,
                 dilation_channels, skip_channels, quantization_channels=2 ** 8,
                 use_biases=False, scalar_input=False, initial_filter_width=32,
                 global_condition_channels=None, global_condition_cardinality=None):
        self.batch_size = batch_size
        self.dilations = dilations
        self.filter_width = filter_width
        self.residual_channels = residual_channels
        self.dilation_channels = dilation_channels
        self.quantization_channels = quantization_channels
        self.use_biases = use_biases
        self.skip_channels = skip_channels
        self.scalar_input = scalar_input
        self.initial_filter_width = initial_filter_width
        self.global_condition_channels = global_condition_channels
        self.global_condition_cardinality = global_condition_cardinality
        self.variables = self._create_variables()

    def _create_variables(self):
        var = dict()
        with tf.variable_scope('wavenet'):
            if self.global_condition_cardinality is not None:
                with tf.variable_scope('embeddings'):
                    layer = dict()
                    layer['gc_embedding'] = create_embedding_table(
                        'gc_embedding', [self.global_condition_cardinality,
                                         self.global_condition_channels])
                    var['embeddings'] = layer
            with tf.variable_scope('causal_layer'):
                layer = dict()
                if self.scalar_input:
                    initial_channels = 1
                    initial_filter_width = self.initial_filter_width
                else:
                    initial_channels = self.quantization_channels
                    initial_filter_width = self.filter_width
                layer['filter'] = create_variable(
                    'filter', [initial_filter_width, initial_channels, self.residual_channels])
                var['causal_layer'] = layer
            var['dilated_stack'] = list()
            with tf.variable_scope('dilated_stack'):
                for i, dilation in enumerate(self.dilations):
                    with tf.variable_scope('layer{}'.format(i)):
                        current = dict()
                        current['filter'] = create_variable(
                            'filter', [self.filter_width, self.residual_channels,
                                       self.dilation_channels])
                        current['gate'] = create_variable(
                            'gate', [self.filter_width, self.residual_channels,
                                     self.dilation_channels])
                        current['dense'] = create_variable(
                            'dense', [1, self.dilation_channels, self.residual_channels])
                        current['skip'] = create_variable(
                            'skip', [1, self.dilation_channels, self.skip_channels])
                        if self.global_condition_channels is not None:
                            current['gc_gateweights'] = create_variable(
                                'gc_gate', [1, self.global_condition_channels,
                                            self.dilation_channels])
                        if self.use_biases:
                            current['filter_bias'] = create_bias_variable(
                                'filter_bias', [self.dilation_channels])
                            current['skip_bias'] = create_bias_variable(
                                'slip_bias', [self.skip_channels])
                        var['dilated_stack'].append(current)
            with tf.variable_scope('postprocessing'):
                current = dict()
                current['postprocess1'] = create_variable(
                    'postprocess1', [1, self.skip_channels, self.skip_channels])
                current['postprocess2'] = create_variable(
                    'postprocess2', [1, self.skip_channels, self.quantization_channels])
                if self.use_biases:
                    current['postprocess1_bias'] = create_bias_variable(
                        'postprocess1_bias', [self.skip_channels])
                    current['postprocess2_bias'] = create_bias_variable(
                        'postprocess2_bias', [self.quantization_channels])
                var['postprocessing'] = current
        return var


wavenet_params = {
    'filter_width': 2,
    'dilations': [2 ** i for i in range(5)] * 2,
    'residual_channels': 32,
    'dilation_channels': 32,
    'quantization_channels': 256,
    'skip_channels': 512,
    'use_biases': True,
}


def main():
    net = WaveNetModel(batch_size=1, dilations=wavenet_params['dilations'],
                       filter_width=wavenet_params['filter_width'],
                       residual_channels=wavenet_params['residual_channels'],
                       dilation_channels=wavenet_params['dilation_channels'],
                       quantization_channels=wavenet_params["quantization_channels"],
                       skip_channels=wavenet_params["skip_channels"],
                       use_biases=wavenet_params["use_biases"])
    sess = tf.Session()
    variables_to_restore = {
        var.name[:-2]: var for var in tf.global_variables()
        if not ('state_buffer' in var.name or 'pointer' in var.name)}
    saver = tf.train.Saver(variables_to_restore)
    saver.restore(sess, 'logdir/model.ckpt-80000')


main()
