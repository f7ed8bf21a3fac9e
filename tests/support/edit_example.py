"""A module with what the interpreter understands, to edit in tests."""

from __future__ import annotations

from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "vgg16" / "finetune.py"
