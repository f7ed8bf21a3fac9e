"""What a program asks of checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ckptls.source.inventory.model_inventory import (
    NO_INVENTORY,
    CodeSpan,
    Gap,
    ModelInventory,
    ModelVariable,
)
from ckptls.source.semantics.sites import PathUse


class RestoreKind(str, Enum):
    """How names are looked up."""

    # By the keys of a name-based checkpoint: savers, assignment maps.
    NAMES = "names"
    # By the keys of an object-based checkpoint: `tf.train.Checkpoint`, Keras with a prefix.
    OBJECTS = "objects"
    # Keras: the layers with weights in order; by the names of layers; by the paths of Keras 3.
    LAYERS_BY_ORDER = "layers by order"
    LAYERS_BY_NAME = "layers by name"
    LAYERS_BY_PATH = "layers by path"


class Reaction(str, Enum):
    """What the API does about a variable that is missing, or has another shape."""

    RAISES = "raises"
    SKIPS = "skips"
    # It is skipped, and the log says so.
    LOGS = "logs"
    # For shapes: one with as many elements is made to fit.
    RESHAPES = "reshapes"
    # The stored value replaces the variable's, whatever its shape (resource variables).
    TAKES = "takes"


@dataclass(frozen=True, slots=True)
class RequestedVariable:
    """A variable of the model and the key that it is looked up by.

    key: the name in the checkpoint; for layers, the path or name that the weight has there.
    is_exact: the key is known wholly.
    place: what gives the key, where that is not the variable's own name: `v.name` of a map.
    layer: the name of its layer, for the kinds that go by layers.
    is_sure: the restore surely asks for it, unless it is a slot of a variable without gradient.
    part: offsets and sizes of a partitioned variable's slice, in the stored one, or None.
    """

    variable: ModelVariable
    key: str
    is_exact: bool = True
    place: CodeSpan | None = None
    layer: str = ""
    part: tuple[tuple[int, int], ...] | None = None
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """One restore that a program reaches, with all that it asks for.

    function: the full canonical name of what is called (`tensorflow.train.Saver.restore`).
    place: the call; `name_place` the name of the method in it, which a finding marks where no
        path is written there.
    paths: what reading tells of the checkpoint; empty where nothing is known.
    items: in the order in which the model's variables were made.
    gaps: why more, or less, may be asked for; the set is known where there are none.
    is_reached: whenever the program runs to its end; else in a branch only.
    is_written_before: the program itself may have written a checkpoint to its path before.
    is_guarded: in a test for names or files, or in a `try` that catches the error.
    model: the inventory when the restore is reached; what it does not take keeps its initial value.
    root_keys: for objects, the keywords of the root.
    asserts: for objects: "", "consumed", "existing", "partial" (`expect_partial`).
    library: for functions of Keras the module that it is of, as in `sites.Site`.
    """

    kind: RestoreKind
    function: str
    place: CodeSpan
    name_place: CodeSpan
    paths: tuple[PathUse, ...]
    items: tuple[RequestedVariable, ...]
    gaps: tuple[Gap, ...] = ()
    on_missing: Reaction = Reaction.RAISES
    on_shape: Reaction = Reaction.RAISES
    is_reached: bool = True
    is_written_before: bool = False
    is_guarded: bool = False
    model: ModelInventory = NO_INVENTORY
    root_keys: tuple[str, ...] = ()
    asserts: str = ""
    library: str = ""


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """What running one file as a program would make and ask for, as far as reading tells.

    path: the file.
    inventory: all variables at its end, of all graphs.
    restores: in the order in which they are reached.
    files: the files that were read, the program first.
    steps: the work that it took.
    is_cut: the work was too much, and what follows is missing.
    """

    path: str | None
    inventory: ModelInventory
    restores: tuple[RestoreRequest, ...] = ()
    files: tuple[str, ...] = ()
    steps: int = 0
    is_cut: bool = False
