"""The variables that a program makes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Shape = tuple["int | None", ...]


@dataclass(frozen=True, slots=True)
class CodeSpan:
    """A piece of a file.

    path: of the file, absolute; None for a document that is nowhere yet.
    start/end: code points from the start of the text that was read.
    line: 0-based.
    """

    path: str | None
    start: int
    end: int
    line: int = 0

    @property
    def offsets(self) -> tuple[int, int]:
        """Its start and end, as a `Span` of the document has them."""
        return self.start, self.end


class Certainty(str, Enum):
    """Whether a variable is made whenever the end of the program, or its restore, is reached."""

    MUST = "must"
    # In a branch, or in a loop whose rounds are not known.
    MAY = "may"


class Purpose(str, Enum):
    """What a variable is for."""

    WEIGHT = "weight"
    # What an optimizer keeps for a variable, and what it keeps for itself (`beta1_power`).
    SLOT = "slot"
    # What `ExponentialMovingAverage` keeps for a variable.
    AVERAGE = "average"
    STEP = "step"
    # Means and variances of batch normalization.
    STATISTIC = "statistic"


@dataclass(frozen=True, slots=True)
class ModelVariable:
    """A variable of the model.

    name: with all scopes, without `:0`. Where a part of it is not known, `{}` stands for that
        part and `is_exact` is False.
    shape: None where not even the number of dimensions is known, and a dimension is None where
        it is not known.
    dtype: as checkpoints call it ("float32"); None where it is not known.
    is_trainable: None where it is not known.
    collections: the names of the graph's collections that it joins, as TensorFlow writes them.
    place: the call that made it, or the innermost one in a file of the project.
    name_places: the calls that its name comes from: those that opened the scopes, outermost
        first, and the one that made it.
    maker: the full name of the function that made it ("tf_slim.conv2d").
    of: the name of the variable that a slot or an average belongs to.
    """

    name: str
    shape: Shape | None = None
    dtype: str | None = "float32"
    is_trainable: bool | None = True
    collections: frozenset[str] = frozenset()
    certainty: Certainty = Certainty.MUST
    purpose: Purpose = Purpose.WEIGHT
    place: CodeSpan | None = None
    name_places: tuple[CodeSpan, ...] = ()
    maker: str = ""
    is_exact: bool = True
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that reading could not follow, with the reason in a clause."""

    place: CodeSpan | None
    reason: str


@dataclass(frozen=True, slots=True)
class ModelInventory:
    """The variables of one graph (or of one Keras model), in the order in which they are made.

    It is complete where nothing was met that may make others.
    """

    variables: tuple[ModelVariable, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def is_complete(self) -> bool:
        return not self.gaps and all(
            each.is_exact and each.certainty is Certainty.MUST for each in self.variables
        )


NO_INVENTORY = ModelInventory()
