"""The same readers under atheris, which follows coverage: deeper, and for as long as one likes.

It is no part of the tests, since atheris has wheels for Linux only. To run it for ten
minutes on one reader, from `tests/`:

    pip install atheris
    python -m fuzz.atheris_readers index -max_total_time=600 /tmp/corpus fuzz/corpus/index

The first folder receives what it finds worth keeping. Checksums and compression are put
right by `mutate`, which atheris calls for two mutations of three.
"""

from __future__ import annotations

import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["ckptls"]):
    from ckptls.checkpoint.core.errors import CheckpointError
    from fuzz.targets import TARGETS, seeds


def main() -> None:
    """Fuzz the target that the first argument names; libFuzzer takes the other arguments."""
    target, corpus = TARGETS[sys.argv[1]], seeds(sys.argv[1])

    def test_one_input(data: bytes) -> None:
        try:
            target.read(data)
        except CheckpointError as error:
            assert str(error)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.3:
            return bytes(atheris.Mutate(data, max_size))
        return target.mutate(random, data, random.choice(corpus))[:max_size]

    arguments = [sys.argv[0], *sys.argv[2:]]
    atheris.Setup(arguments, test_one_input, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
