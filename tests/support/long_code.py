"""Long texts of code, and how much of them is analyzed."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench import bench_analysis
from ckptls.source.document import Analysis

HEAD = "import tensorflow as tf\nr = tf.train.load_checkpoint('m.ckpt')\n"
# What follows what is expensive: it must be understood, and a mistake in it be found.
END = "\nr.get_tensor('end')\n"


def counted(run: Callable[[], Analysis]) -> tuple[Analysis, int]:
    """An analysis, and how many calls of Python functions it took."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        return run(), count
    finally:
        sys.setprofile(None)


def is_understood(analysis: Analysis) -> bool:
    """Whether the site at the end was met."""
    return "end" in [site.text.literal for site in analysis.sites]


def ordinary(size: int) -> str:
    lines, bench_analysis.LINES = bench_analysis.LINES, size // 30
    try:
        return bench_analysis.ordinary()[:size]
    finally:
        bench_analysis.LINES = lines
