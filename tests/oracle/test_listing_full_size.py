"""VGG-16 as TF-Slim published it: 553 MB in V1, of which a few KB are read.

The file is sparse: its size, its first block and its index are real, the tensors behind
them are holes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT, INT64, varint
from ckptls.checkpoint.formats.tensorflow.v1.metadata import read_meta
from ckptls.checkpoint.storage.local_file import OpenFile

FILE_BYTES = 553_436_268
FIRST_TENSORS_BYTES = 450_000
WIDTHS = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
BLOCKS = [1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5]


def vgg_16() -> Iterator[tuple[str, int, list[int]]]:
    yield "global_step", INT64, []
    channels = 3
    for i, (number, width) in enumerate(zip(BLOCKS, WIDTHS, strict=True)):
        scope = f"vgg_16/conv{number}/conv{number}_{i + 1 - BLOCKS.index(number)}"
        yield f"{scope}/weights", FLOAT, [3, 3, channels, width]
        yield f"{scope}/biases", FLOAT, [width]
        channels = width
    for name, shape in (
        ("6", [7, 7, 512, 4096]),
        ("7", [1, 1, 4096, 4096]),
        ("8", [1, 1, 4096, 1000]),
    ):
        yield f"vgg_16/fc{name}/weights", FLOAT, shape
        yield f"vgg_16/fc{name}/biases", FLOAT, shape[-1:]
    yield "vgg_16/mean_rgb", FLOAT, [3]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("full") / "vgg_16.ckpt"
    first = crafted.block(
        [(b"", crafted.v1_meta(vgg_16())), (b"\x00first", bytes(FIRST_TENSORS_BYTES))]
    )
    body = crafted.stored(first, is_compressed=False)
    empty = crafted.stored(crafted.block([]), is_compressed=False)
    hole = (FILE_BYTES - len(body)) // 27 - 100
    handles = [(b"\x00first", varint(0) + varint(len(first)))]
    handles += [
        (b"\x00tensor%02d" % i, varint(len(body) + i * hole) + varint(hole - 5)) for i in range(27)
    ]
    index = crafted.stored(crafted.block(handles, 1), is_compressed=False)
    start = FILE_BYTES - 48 - len(index) - len(empty)
    footer = varint(start) + varint(len(empty) - 5)
    footer += varint(start + len(empty)) + varint(len(index) - 5)
    with path.open("wb") as file:
        file.write(body)
        file.seek(start)
        file.write(empty + index + footer.ljust(40, b"\0") + crafted.MAGIC)
    return path


def test_the_seeds_34_names_and_shapes_are_listed_as_by_tensorflow(checkpoint: Path) -> None:
    assert checkpoint.stat().st_size == FILE_BYTES
    listed = ckptls.list_variables(checkpoint)
    assert len(listed) == 34
    assert listed == tf.train.list_variables(str(checkpoint))


def test_a_few_kilobytes_of_553_megabytes_are_read(checkpoint: Path) -> None:
    counts: list[int] = []
    with OpenFile(str(checkpoint)) as file:

        def read_and_count(offset: int, count: int) -> bytes:
            counts.append(count)
            return file.read_at(offset, count)

        assert len(read_meta(read_and_count, file.size)) == 34
    assert sum(counts) < 8000


def bytes_this_process_has_read() -> int:
    """By the kernel's own count, of all that any of our code has read."""
    text = Path("/proc/self/io").read_text()
    return int(text.split("rchar:")[1].split()[0])


def test_the_kernel_counts_no_more_for_the_whole_call(checkpoint: Path) -> None:
    ckptls.list_variables(checkpoint)  # whatever is imported late is imported now
    before = bytes_this_process_has_read()
    ckptls.list_variables(checkpoint)
    assert bytes_this_process_has_read() - before < 16_000
