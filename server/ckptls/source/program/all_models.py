"""All models of libraries: importing this registers them."""

from __future__ import annotations

from typing import Any

from ckptls.source.inventory.model_inventory import ModelInventory
from ckptls.source.program.graph import (
    moving_averages,
    name_restores,
    optimizers,
    scopes,
    tensor_shapes,
    variable_queries,
    variable_templates,
    variables,
)
from ckptls.source.program.graph.graph_state import graphs_inventory
from ckptls.source.program.layers import arg_scopes, layer_functions, recurrent_cells

# The modules that register functions and classes when they are imported.
MODELS = (
    *(scopes, variables, variable_queries, optimizers, name_restores, tensor_shapes),
    *(moving_averages, variable_templates),
    *(arg_scopes, layer_functions, recurrent_cells),
)


def inventory_of(run: Any) -> ModelInventory:
    """The variables that a run has made."""
    return graphs_inventory(run)
