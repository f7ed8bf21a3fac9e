import argparse


class Hparams:
    parser = argparse.ArgumentParser()
    parser.add_argument('--vocab_size', default=32000, type=int)
    parser.add_argument('--lr', default=0.0003, type=float, help="learning rate")
    parser.add_argument('--logdir', default="log/1", help="log directory")
    parser.add_argument('--d_model', default=512, type=int)
    parser.add_argument('--d_ff', default=2048, type=int)
    parser.add_argument('--num_blocks', default=3, type=int)
    parser.add_argument('--num_heads', default=8, type=int)
    parser.add_argument('--maxlen1', default=100, type=int)
    parser.add_argument('--maxlen2', default=100, type=int)
    parser.add_argument('--dropout_rate', default=0.3, type=float)
