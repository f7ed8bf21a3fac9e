"""What the interpreter carries along: frames of names, what a run found, what it relied on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import Restore, Role, Save, Site
from ckptls.source.semantics.values import (
    ClassValue,
    Defaults,
    FunctionValue,
    GraphVariable,
    Values,
)

if TYPE_CHECKING:
    from ckptls.source.semantics.module import Module
    from ckptls.source.semantics.values import ModuleLike
    from ckptls.source.semantics.work import Work
    from ckptls.source.syntax.ir import Chunk

# An attribute: the chunk of its class or object, and its name.
AttributeKey = tuple["Chunk", str]


@dataclass(frozen=True, slots=True)
class Scopes:
    """What stands around code that is run: `names` before the variables of `get_variable`,
    `operations` before those of `tf.Variable`, and the defaults of `slim.arg_scope`."""

    names: Text = field(default_factory=Text)
    operations: Text = field(default_factory=Text)
    defaults: Defaults = field(default_factory=Defaults)


ROOT_SCOPES = Scopes()


class Surroundings(NamedTuple):
    """What one statement of the top level leaves to the next beside names and attributes."""

    is_guarded: bool = False
    scopes: Scopes = ROOT_SCOPES
    are_stacks_left: bool = False


class Frame:
    """The names of a module or of one run of a function; `home` is the module if it is another.

    is_repeated: the code is in a loop that is run once for all of its rounds.
    yielded: the scopes around the last `yield`; `yields` what is given by all of them.
    stacks: over so many exit stacks a `with` is open; `are_stacks_left`: one of them was emptied
        without leaving what it had entered.
    journals: for each branch that is being run, the values that names had before it.
    """

    __slots__ = (
        *("depth", "globals", "home", "is_guarded", "is_repeated", "owner", "parent", "returns"),
        *("scopes", "variables", "yielded", "yields", "stacks", "are_stacks_left"),
        *("_around", "journals"),
    )

    def __init__(
        self,
        parent: Frame | None,
        scopes: Scopes = ROOT_SCOPES,
        is_guarded: bool = False,
        home: ModuleLike | None = None,
    ) -> None:
        self.variables: dict[str, Values] = {}
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent is not None else 0
        self.scopes = scopes
        self.is_guarded = is_guarded
        self.is_repeated = False
        self.stacks = 0
        self.are_stacks_left = False
        self.yielded: Scopes | None = None
        self.yields: list[Values] = []
        self.owner: ClassValue | None = None
        self.returns: list[Values] = []
        self.globals: frozenset[str] = frozenset()
        self.home: ModuleLike | None = home if parent is None else parent.home
        self.journals: list[dict[str, Values | None]] = []
        self._around: Surroundings | None = None

    @property
    def surroundings(self) -> Surroundings:
        # Asked for each statement and function, and nearly always the same.
        known = self._around
        if (
            known is None
            or known[0] is not self.is_guarded
            or known[1] is not self.scopes
            or known[2] is not self.are_stacks_left
        ):
            known = Surroundings(self.is_guarded, self.scopes, self.are_stacks_left)
            self._around = known
        return known

    @surroundings.setter
    def surroundings(self, value: Surroundings) -> None:
        self.is_guarded, self.scopes, self.are_stacks_left = value
        self._around = value

    def assign(self, name: str, values: Values) -> None:
        """Binds a name; a branch that is being run can be taken back (see `branch`)."""
        if self.journals:
            self.journals[-1].setdefault(name, self.variables.get(name))
        self.variables[name] = values

    def branch(self) -> None:
        """What is assigned from here on may be taken back."""
        self.journals.append({})

    def take_back(self) -> dict[str, Values]:
        """Ends a branch: its names have their values of before; gives those of the branch."""
        before = self.journals.pop()
        variables = self.variables
        after = {name: variables[name] for name in before}
        for name, values in before.items():
            if values is None:
                del variables[name]
            else:
                variables[name] = values
        return after


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call of a function of this document, or with its home of another one: what its
    parameters get, and where it stands."""

    function: FunctionValue
    arguments: tuple[tuple[str, Values], ...]
    scopes: Scopes
    is_guarded: bool


# Where the pieces of sites are written: (start, end, site, which of its parts), by chunk.
PlaceRow = tuple[int, int, Site, int]
Places = dict["Chunk", list[PlaceRow]]


@dataclass(slots=True)
class Effects:
    """What running some code found.

    places: an index of `sites`.
    calls/outgoing: calls of functions of this document, and of other modules.
    variables: variables of the model that the code makes.
    checked: paths that the code tests for existence.

    Derived from the sites once, so that no reader goes through those of a whole document:
    path_sites: those of paths; callers: the chunks of their calls; leaves_paths_open: whether a
    path comes from a flag or a configuration whose value no code gives.
    cut_at: the code, where it takes too much work (see `work`) for all of it to be followed.
    steps: the work that it took.
    """

    sites: list[Site] = field(default_factory=list)
    restores: list[Restore] = field(default_factory=list)
    calls: list[CallRecord] = field(default_factory=list)
    functions: list[FunctionValue] = field(default_factory=list)
    places: list[Places] = field(default_factory=list)
    attributes: list[tuple[Chunk, str, Values]] = field(default_factory=list)
    variables: list[GraphVariable] = field(default_factory=list)
    outgoing: list[CallRecord] = field(default_factory=list)
    checked: list[Text] = field(default_factory=list)
    saves: list[Save] = field(default_factory=list)
    path_sites: tuple[Site, ...] = ()
    callers: frozenset[Chunk] = frozenset()
    leaves_paths_open: bool = False
    cut_at: Chunk | None = None
    steps: int = 0

    def finish(self, sites: list[Site], places: Places) -> None:
        """The code has been run; these are its sites, each once, and where they are written."""
        self.sites, self.places = sites, [places]
        if not sites and not self.restores:
            return
        self.path_sites = tuple(site for site in sites if site.role is Role.PATH)
        self.callers = frozenset([site.place.chunk for site in sites])
        several = {id(site.paths): site.paths for site in sites}
        several.update((id(restore.paths), restore.paths) for restore in self.restores)
        self.leaves_paths_open = any(
            use.flag is not None for paths in several.values() for use in paths
        )


@dataclass(slots=True)
class Answers:
    """What a run read from outside it, and the values that it got (see `SharedState`).

    Attributes:
        names: of the top level; None for one without a value. `*` is what was imported whole.
        attributes: of classes and objects; names that functions declare `global` are among them.
        modules: by the names as they are imported; None for what is no module of the project.
        imported: the modules that were imported before the run; None if it did not ask.
    """

    names: dict[str, Values | None] = field(default_factory=dict)
    attributes: dict[AttributeKey, Values | None] = field(default_factory=dict)
    modules: dict[str, Module | None] = field(default_factory=dict)
    imported: tuple[Module, ...] | None = None

    @property
    def has_others(self) -> bool:
        """Whether more than names was read."""
        return bool(self.attributes or self.modules) or self.imported is not None


class Recorder:
    """Notes what a run reads from outside it, with the first value of each, and what it writes.

    What the run wrote itself does not come from outside.

    imported: how many modules were imported before the run.
    """

    __slots__ = ("answers", "imported", "written", "written_keys")

    def __init__(self, imported: int) -> None:
        self.imported = imported
        self.answers = Answers()
        self.written: set[str] = set()
        self.written_keys: set[AttributeKey] = set()

    def note_name(self, name: str, values: Values | None) -> None:
        """A name of the top level was read."""
        if name not in self.written:
            self.answers.names.setdefault(name, values)

    def note_attribute(self, key: AttributeKey, values: Values | None) -> None:
        """An attribute was read."""
        if key not in self.written_keys:
            self.answers.attributes.setdefault(key, values)

    def note_module(self, name: str, module: Module | None) -> None:
        """A module was looked for."""
        self.answers.modules.setdefault(name, module)

    def note_imported(self, modules: tuple[Module, ...]) -> None:
        """The imported modules were asked for."""
        if self.answers.imported is None:
            self.answers.imported = modules[: self.imported]


@dataclass(frozen=True, slots=True)
class Memo:
    """A finished run of a chunk or function: it would end in the same way as long as what it was
    given is the same, and the answers to all that it asked.

    given: the surroundings, and for a function the calls of it, each once.
    names: the names of the top level that it asked for or wrote; `has_others`: it asked for
        more than names; `is_plain`: it did not, and assigned no attributes.
    global_names: what functions declared as `global` when it was run.
    calls: what `given` was made of, with what was said twice.
    leaves: the surroundings of what follows.
    work: the steps that it took.
    """

    given: tuple[Any, ...]
    answers: Answers
    writes: dict[str, Values]
    effects: Effects
    names: frozenset[str]
    has_others: bool
    is_plain: bool
    global_names: frozenset[str]
    calls: tuple[CallRecord, ...]
    leaves: Surroundings
    work: Work
