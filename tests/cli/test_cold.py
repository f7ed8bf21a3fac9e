"""What a process of `ckptls ls` does without, and that it is none the less careful."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from checkpoint import crafted
from checkpoint.crafted import FLOAT

INDEX = crafted.index([(f"layer_{i}/w", FLOAT, [i + 1]) for i in range(30)])
COMMAND = """
import sys
from ckptls.cli.main import main
code = main(sys.argv[1:])
print(*sys.modules, sep="\\n", file=sys.stderr)
sys.exit(code)
"""


def listed(prefix: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMMAND, "ls", str(prefix)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_small_index_is_listed_without_any_compiled_library(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(INDEX)
    done = listed(tmp_path / "m")
    assert done.returncode == 0
    assert done.stdout.count("layer_") == 30
    loaded = set(done.stderr.split())
    unwanted = {"google_crc32c", "cramjam", "rapidfuzz", "rich", "numpy", "typing", "asyncio"}
    assert not loaded & unwanted


def test_a_checksum_is_verified_without_them_too(tmp_path: Path) -> None:
    place = INDEX.index(b"layer_")
    (tmp_path / "m.index").write_bytes(INDEX[:place] + b"L" + INDEX[place + 1 :])
    done = listed(tmp_path / "m")
    assert done.returncode == 2
    assert "does not match its checksum" in done.stderr
