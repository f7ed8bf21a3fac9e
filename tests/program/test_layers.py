"""Layers, cells and operations on tensors: what is said of them is what TensorFlow makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from program.layer_truth import load_programs, write_program
from program.network_comparison import compare

PROGRAMS = load_programs()


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_said_of_layers_is_true(name: str, tmp_path: Path) -> None:
    """No wrong name, size, dtype or flag; and nothing is complete that has more variables."""
    truth = {"keras": 2, "variables": PROGRAMS[name]["variables"], "restores": []}
    result = compare(name, write_program(name, tmp_path), truth)
    assert result.wrong == []
    assert result.found == result.total or not result.is_complete


def test_most_programs_are_complete(tmp_path: Path) -> None:
    complete = 0
    for name, program in PROGRAMS.items():
        truth = {"keras": 2, "variables": program["variables"], "restores": []}
        complete += compare(name, write_program(name, tmp_path), truth).is_complete
    print(f"{complete} of {len(PROGRAMS)} programs")
    assert complete >= 61
