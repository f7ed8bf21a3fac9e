"""What the oracle tests share: a quiet TensorFlow, and the folder of real checkpoints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from needs import leave_out

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

REAL_CHECKPOINTS = "CKPTLS_REAL_CHECKPOINTS"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the folder there is nothing to compare: its tests are taken out, and it is said."""
    leave_out(config, items, Path(__file__).parent, REAL_CHECKPOINTS, _LEFT_OUT)


_LEFT_OUT = pytest.StashKey[int]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    count = config.stash.get(_LEFT_OUT, 0)
    if count:
        terminalreporter.write_line(
            f"{count} tests on real checkpoints left out: "
            f"{REAL_CHECKPOINTS} does not name a folder of them"
        )


def real_prefixes() -> list[str]:
    """Every checkpoint in the folder that the environment names."""
    root = Path(os.environ.get(REAL_CHECKPOINTS, os.devnull))
    indexes = [str(path)[: -len(".index")] for path in root.rglob("*.index")]
    shards = [str(p) for p in root.rglob("*-?????-of-?????") if ".data-" not in p.name]
    return sorted(indexes + shards)


def real_hdf5_files() -> list[str]:
    """Every HDF5 file in the folder that the environment names."""
    root = Path(os.environ.get(REAL_CHECKPOINTS, os.devnull))
    return sorted(str(path) for end in ("h5", "hdf5") for path in root.rglob(f"*.{end}"))
