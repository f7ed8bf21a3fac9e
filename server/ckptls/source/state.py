"""What the interpreter carries along: frames of names, what a run found, what it relied on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ckptls.source.pieces import Text
from ckptls.source.sites import Restore, Role, Save, Site
from ckptls.source.values import ClassValue, Defaults, FunctionValue, GraphVariable, Values

if TYPE_CHECKING:
    from ckptls.source.chunks import Chunk
    from ckptls.source.modules import Module

# (depth of the frame, name) of a variable, or (class, attribute) of `self.attribute`.
# A module is kept under (-1, its name).
Read = tuple["int | Chunk", str]


@dataclass(frozen=True, slots=True)
class Scopes:
    """What stands around code that is run: `names` before the variables of `get_variable`,
    `operations` before those of `tf.Variable`, and the defaults of `slim.arg_scope`."""

    names: Text = field(default_factory=Text)
    operations: Text = field(default_factory=Text)
    defaults: Defaults = field(default_factory=Defaults)


ROOT_SCOPES = Scopes()


class Frame:
    """The names of a module or of one run of a function; `home` is the module if it is another.

    is_repeated: the code is in a loop of which one round is run for all.
    yielded: the scopes around the last `yield`; `yields` what is given by all of them.
    stacks: over so many exit stacks a `with` is open; `are_stacks_left`: one of them was emptied
        without leaving what it had entered.
    """

    __slots__ = (
        *("depth", "globals", "home", "is_guarded", "is_repeated", "owner", "parent", "returns"),
        *("scopes", "variables", "yielded", "yields", "stacks", "are_stacks_left"),
    )

    def __init__(
        self,
        parent: Frame | None,
        scopes: Scopes = ROOT_SCOPES,
        is_guarded: bool = False,
        home: Module | None = None,
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
        self.home: Module | None = home if parent is None else parent.home


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
    checked: paths of which the code asks whether something is there.

    Of the sites, so that nobody has to go through those of a whole document for them:
    path_sites: those of paths; callers: the chunks of their calls; leaves_paths_open: whether a
    path is up to a flag or a configuration, of which no code says the value.
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

    def finish(self, sites: list[Site], places: Places) -> None:
        """The code has been run; these are its sites, each once, and where they are written."""
        self.sites, self.places = sites, [places]
        self.path_sites = tuple(site for site in sites if site.role is Role.PATH)
        self.callers = frozenset([site.place.chunk for site in sites])
        several = {id(site.paths): site.paths for site in sites}
        several.update((id(restore.paths), restore.paths) for restore in self.restores)
        self.leaves_paths_open = any(
            use.flag is not None for paths in several.values() for use in paths
        )


class Recorder:
    """Notes which names from outside a run read, and which of its frame it wrote."""

    __slots__ = ("frame", "reads", "written", "written_keys")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.reads: dict[Read, Any] = {}
        self.written: set[str] = set()
        self.written_keys: set[tuple[Chunk, str]] = set()

    def read(self, found: Frame | None, name: str, values: Values | None) -> None:
        depth = found.depth if found is not None else 0
        if found is self.frame:
            if name in self.written:
                return
        elif found is not None and depth >= self.frame.depth:
            return
        self.reads.setdefault((depth, name), values)


@dataclass(frozen=True, slots=True)
class Memo:
    """A finished run of a chunk, good as long as what it read is the same.

    `names` are the top-level names among what it read; `has_keys`: there is more than those.
    """

    given: tuple[Any, ...]
    reads: dict[Read, Any]
    writes: dict[str, Values]
    effects: Effects
    names: frozenset[str] = frozenset()
    has_keys: bool = True
    # What `given` was made of, with what was said twice.
    calls: tuple[CallRecord, ...] = ()
    # Whether what follows stands behind a test of names, and in which scopes.
    leaves_guarded: bool = False
    leaves_scopes: Scopes = ROOT_SCOPES
