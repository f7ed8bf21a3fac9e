"""All models of libraries: importing this registers them."""

from __future__ import annotations

from typing import Any

from ckptls.source.inventory.model_inventory import ModelInventory


def inventory_of(run: Any) -> ModelInventory:
    """The variables that a run has made."""
    return ModelInventory((), tuple(run.gaps))
