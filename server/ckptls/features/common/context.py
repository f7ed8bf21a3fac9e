"""What a rule, or whatever else looks at a site, may ask beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common.reliance import Noting, Reliance
from ckptls.features.patterns.user_patterns import Allowance
from ckptls.source.document import Analysis
from ckptls.source.semantics.sites import PathUse, Restore, Site
from ckptls.workspace.binding import Binder, Binding
from ckptls.workspace.checkpoint_store import Entry
from ckptls.workspace.keras_version import KerasVersion
from ckptls.workspace.path_resolution import Resolution

# Of wrong names and those that may be meant: several seconds of comparing.
_MAX_PAIRS = 10_000_000
T = TypeVar("T")
Restores = tuple[tuple[Restore, Resolution], ...]


class Context:
    """What a rule may ask beside its site: the whole document, and what others are bound to.

    `memory` is for what is found out once for all sites; `allowance` is the time that patterns
    of the document may take. `was_asked` says whether a rule
    asked anything since it was last set to False, but for `restores`, which has a word of its
    own: what a rule says without asking stays true as long as site and binding are the same.
    `enough` is for a rule that says nothing because of one checkpoint, whatever else the binding
    holds as long as that is in it. `noting` notes what rules ask checkpoints.
    """

    __slots__ = (
        *("_analysis", "_binder", "_restores"),
        *("_compared", "_pairs_left"),
        *("allowance", "asked_restores", "enough", "memory", "noting", "was_asked"),
    )

    def __init__(self, binder: Binder) -> None:
        self._analysis = binder.analysis
        self._binder = binder
        self._restores: tuple[Restores, Restores] | None = None
        self.memory: dict[object, Any] = {}
        self.allowance = Allowance()
        self.was_asked = self.asked_restores = False
        self.enough: Checkpoint | None = None
        self.noting = Noting()
        self._compared: set[str] = set()
        self._pairs_left = _MAX_PAIRS

    def begin(self) -> None:
        """The next rule is asked."""
        self.enough = None

    def may_compare(self, name: str, count: int) -> bool:
        """Whether to look for what is like a name among `count` others.

        The first names of a document are compared, with 10 million others in all. Only for a
        finding that is told anyway: the answer depends on the findings before it.
        """
        if name not in self._compared and self._pairs_left > 0:
            self._compared.add(name)
            self._pairs_left -= count
        return name in self._compared

    @property
    def binder(self) -> Binder:
        """What binds the document's sites, for rules that look at no single site."""
        return self._binder

    @property
    def analysis(self) -> Analysis:
        self.was_asked = True
        return self._analysis

    @property
    def restores(self) -> Restores:
        """The statements that fill the model, each with what its paths mean."""
        self.asked_restores = True
        return self._both_restores()[1]

    @property
    def bound_restores(self) -> Restores:
        """The same with the checkpoints themselves, which note nothing."""
        return self._both_restores()[0]

    def _both_restores(self) -> tuple[Restores, Restores]:
        if self._restores is None:
            several = self._analysis.restores
            found = tuple((each, self._binder.resolve_restore(each)) for each in several)
            noting = tuple((each, self._noting(resolution)) for each, resolution in found)
            self._restores = found, noting
        return self._restores

    def _noting(self, resolution: Resolution) -> Resolution:
        checkpoints: Any = tuple(map(self.noting.checkpoint, resolution.checkpoints))
        return replace(resolution, checkpoints=checkpoints)

    def shared(self, key: object, make: Callable[[], T]) -> T:
        """What `make` tells, which is asked once for all sites; whoever is told that relies on
        all that it asked."""
        known = self.memory.get(key)
        if known is None:
            before = self.noting.reliance, self.was_asked
            own = self.noting.reliance = Reliance()
            self.was_asked = False
            try:
                known = self.memory[key] = make(), own, self.was_asked
            finally:
                self.noting.reliance, self.was_asked = before
        told: T
        told, own, was_asked = known
        self.noting.reliance.add(own)
        self.was_asked |= was_asked
        return told

    def look(self, use: PathUse) -> tuple[Entry, ...] | None:
        """What stands at each of the places that a path may mean.

        None as long as nobody has looked.
        """
        self.was_asked = True
        return self._binder.look(use)

    def bind(self, site: Site) -> Binding:
        """The checkpoints that another site is about; what they are asked is not noted."""
        self.was_asked = True
        return self._binder.bind(site)

    def keras(self, library: str) -> KerasVersion:
        """Which Keras the functions are of that a module offers."""
        self.was_asked = True
        return self._binder.keras(library)

    def remembered(self, make: Callable[[Analysis], T]) -> T:
        """What `make` tells of the document; it is asked once."""
        self.was_asked = True
        if make not in self.memory:
            self.memory[make] = make(self._analysis)
        found: T = self.memory[make]
        return found
