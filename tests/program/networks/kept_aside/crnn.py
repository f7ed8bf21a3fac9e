import tensorflow as tf


class CRNN(object):
    def __init__(self, batch_size, model_path, max_image_width, train_test_ratio=0.7, restore=True):
        self.__training_name = 'crnn'
        self.__model_path = model_path
        self.NUM_CLASSES = len('0123456789abcdefghijklmnopqrstuvwxyz') + 1
        self.__session = tf.Session()
        with self.__session.as_default():
            (self.__inputs, self.__logits, self.__loss, self.__optimizer) = self.crnn(
                max_image_width, batch_size)
            self.__init = tf.global_variables_initializer()
            self.__init
        with self.__session.as_default():
            self.__saver = tf.train.Saver(tf.global_variables(), max_to_keep=10)
            if restore:
                self.__saver.restore(self.__session, self.__model_path + '/ckp')

    def crnn(self, max_width, batch_size):
        def BidirectionnalRNN(inputs, seq_len):
            with tf.variable_scope(None, default_name="bidirectional-rnn-1"):
                lstm_fw_cell_1 = tf.nn.rnn_cell.BasicLSTMCell(256)
                lstm_bw_cell_1 = tf.nn.rnn_cell.BasicLSTMCell(256)
                inter_output, _ = tf.nn.bidirectional_dynamic_rnn(
                    lstm_fw_cell_1, lstm_bw_cell_1, inputs, seq_len, dtype=tf.float32)
                inter_output = tf.concat(inter_output, 2)
            with tf.variable_scope(None, default_name="bidirectional-rnn-2"):
                lstm_fw_cell_2 = tf.nn.rnn_cell.BasicLSTMCell(256)
                lstm_bw_cell_2 = tf.nn.rnn_cell.BasicLSTMCell(256)
                outputs, _ = tf.nn.bidirectional_dynamic_rnn(
                    lstm_fw_cell_2, lstm_bw_cell_2, inter_output, seq_len, dtype=tf.float32)
                outputs = tf.concat(outputs, 2)
            return outputs

        def CNN(inputs):
            conv1 = tf.layers.conv2d(inputs=inputs, filters=64, kernel_size=(3, 3),
                                     padding="same", activation=tf.nn.relu)
            pool1 = tf.layers.max_pooling2d(inputs=conv1, pool_size=[2, 2], strides=2)
            conv2 = tf.layers.conv2d(inputs=pool1, filters=128, kernel_size=(3, 3),
                                     padding="same", activation=tf.nn.relu)
            pool2 = tf.layers.max_pooling2d(inputs=conv2, pool_size=[2, 2], strides=2)
            conv3 = tf.layers.conv2d(inputs=pool2, filters=256, kernel_size=(3, 3),
                                     padding="same", activation=tf.nn.relu)
            bnorm1 = tf.layers.batch_normalization(conv3)
            conv4 = tf.layers.conv2d(inputs=bnorm1, filters=256, kernel_size=(3, 3),
                                     padding="same", activation=tf.nn.relu)
            pool3 = tf.layers.max_pooling2d(inputs=conv4, pool_size=[2, 2], strides=[1, 2],
                                            padding="same")
            conv5 = tf.layers.conv2d(inputs=pool3, filters=512, kernel_size=(3, 3),
                                     padding="same", activation=tf.nn.relu)
            bnorm2 = tf.layers.batch_normalization(conv5)
            pool4 = tf.layers.max_pooling2d(inputs=bnorm2, pool_size=[2, 2], strides=[1, 2],
                                            padding="same")
            conv7 = tf.layers.conv2d(inputs=pool4, filters=512, kernel_size=(2, 2),
                                     padding="valid", activation=tf.nn.relu)
            return conv7

        inputs = tf.placeholder(tf.float32, [batch_size, max_width, 32, 1])
        seq_len = tf.placeholder(tf.int32, [None], name='seq_len')
        cnn_output = CNN(inputs)
        reshaped_cnn_output = tf.reshape(cnn_output, [batch_size, -1, 512])
        crnn_model = BidirectionnalRNN(reshaped_cnn_output, seq_len)
        logits = tf.reshape(crnn_model, [-1, 512])
        W = tf.Variable(tf.truncated_normal([512, self.NUM_CLASSES], stddev=0.1), name="W")
        b = tf.Variable(tf.constant(0., shape=[self.NUM_CLASSES]), name="b")
        logits = tf.matmul(logits, W) + b
        logits = tf.reshape(logits, [batch_size, -1, self.NUM_CLASSES])
        loss = tf.reduce_mean(logits)
        optimizer = tf.train.AdamOptimizer(learning_rate=0.0001).minimize(loss)
        return inputs, logits, loss, optimizer


crnn = CRNN(32, './save', 100)
