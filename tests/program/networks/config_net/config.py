class Config(object):
    """What the network is made of."""
    name = 'net'
    filters = (16, 32)
    dense_units = [128, 64]
    use_bn = True
    num_classes = 10
    checkpoint = 'runs/best.ckpt'

    def __init__(self, **kwargs):
        for key, value in kwargs.items():
            setattr(self, key, value)

    def depth_of(self, stage):
        return self.filters[stage] * 2


def load_config(name):
    configs = {
        'small': Config(name='small'),
        'large': Config(name='large', filters=(32, 64, 128), use_bn=False),
    }
    return configs[name]
