"""Writers for test_listing_concurrent.py: each saves one generation after the other.

    python -m oracle.concurrent_writers tensorflow|plain FOLDER SECONDS    (in tests/)

A generation has names of its own and one size for all of its variables, so that a listing
in which two generations are mixed shows it. At the end the last number of each writer is
printed, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from checkpoint import crafted

VARIABLES = 400  # in several blocks
SIZES = 97


def size_of(generation: int) -> int:
    """The one dimension of each variable of a generation; of two bytes in the file, always."""
    return 200 + generation % SIZES


def names(generation: int, count: int) -> list[str]:
    return [f"g{generation:06d}_{i:04d}" for i in range(count)]


@cache
def plain_index(generation: int) -> bytes:
    """An index whose length is the same for every generation."""
    size = size_of(generation)
    return crafted.index([(n, crafted.FLOAT, [size]) for n in names(generation, VARIABLES)])


def truncate(folder: Path, generation: int) -> None:
    """Write in place, in pieces, as TensorFlow 2 does."""
    data = plain_index(generation)
    with open(folder / "truncated.index", "wb", buffering=0) as file:
        for start in range(0, len(data), 4096):
            file.write(data[start : start + 4096])


def replace(folder: Path, generation: int) -> None:
    """Write elsewhere and rename, as TensorFlow 1 does."""
    new = folder / "replaced.index.tempstate1"
    new.write_bytes(plain_index(generation))
    os.replace(new, folder / "replaced.index")


def overwrite(folder: Path, generation: int) -> None:
    """`Checkpoint.write` onto the same prefix."""
    _objects(generation).write(str(folder / "overwritten"))


def rotate(folder: Path, generation: int) -> None:
    """A manager that keeps two checkpoints and a state file."""
    import tensorflow as tf

    manager = tf.train.CheckpointManager(_objects(generation), str(folder / "rotated"), 2)
    manager.save(checkpoint_number=generation)


def save(folder: Path, generation: int) -> None:
    """A saver of TensorFlow 1 onto the same prefix."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        for name in names(generation, 5):
            v1.get_variable(name, [size_of(generation)])
        session.run(v1.global_variables_initializer())
        path = str(folder / "saved" / "model.ckpt")
        v1.train.Saver().save(session, path, write_meta_graph=False)


def _objects(generation: int) -> Any:
    import tensorflow as tf

    value = tf.zeros([size_of(generation)])
    return tf.train.Checkpoint(**{n: tf.Variable(value) for n in names(generation, 8)})


# (pause in seconds after each generation, how many there are before the first comes again)
WRITERS: dict[str, tuple[float, int, tuple[Callable[[Path, int], None], ...]]] = {
    "tensorflow": (0.0, 999_999, (overwrite, rotate, save)),
    "plain": (0.003, 50, (truncate, replace)),
}


def main(which: str, folder: Path, seconds: float) -> None:
    """Save by turns until the time is over."""
    pause, count, writers = WRITERS[which]
    generation = 0
    (folder / "saved").mkdir(exist_ok=True)
    end: float | None = None
    if which == "plain":
        for each in range(1, count + 1):
            plain_index(each)
    while end is None or time.monotonic() < end:
        generation = generation % count + 1
        for write in writers:
            write(folder, generation)
        if end is None:  # TensorFlow is loaded, and the readers have something to read
            print("ready", flush=True)
            end = time.monotonic() + seconds
        time.sleep(pause)
    print(json.dumps({write.__name__: generation for write in writers}), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
