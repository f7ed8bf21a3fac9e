"""What models of libraries may ask of the interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ckptls.source.semantics.catalogue import Catalogue, Entry
    from ckptls.source.semantics.module import Environment
    from ckptls.source.semantics.run_state import Effects, Frame
    from ckptls.source.semantics.site_emitter import Emitter
    from ckptls.source.semantics.sites import PathUse, Place
    from ckptls.source.semantics.values import Arguments, Tracked, Value, Values
    from ckptls.source.semantics.work import Work
    from ckptls.source.syntax import ir
    from ckptls.source.syntax.ir import Chunk


class InterpreterProtocol(Protocol):
    """The interpreter while it runs one call.

    Attributes:
        frame: the names of the function that is run, or of the module.
        effects: what the run leads to: sites, variables, restores.
        quiet: how many runs are under way for their result only, without effects; 0 for none.
        chunk: the statement that is run; `root` is the statement of the top level around it.
        environment: the world around the document.
        work: the steps that were spent, and how many there may be.
    """

    frame: Frame
    effects: Effects
    quiet: int
    chunk: Chunk
    root: Chunk
    environment: Environment
    catalogue: Catalogue
    work: Work

    def evaluate(self, expression: ir.Expr) -> Values:
        """The possible values of an expression."""

    def lookup(self, name: str) -> Values:
        """The possible values of a name."""

    def member(self, value: Value, name: str) -> Values:
        """The possible values of an attribute."""

    def apply(self, callee: Value, node: ir.Call, arguments: Arguments) -> Values:
        """The possible results of a call."""

    def read_key(self, key: tuple[Chunk, str]) -> Values | None:
        """What was assigned to an attribute of an object, by the key of both."""

    def write_key(self, key: tuple[Chunk, str], values: Values) -> None:
        """Assigns to an attribute of an object."""

    def place(self, node: ir.Call | ir.Subscript | ir.Compare) -> Place:
        """Where a node stands, or the call in this document that led to it."""

    def emitter_of(
        self, entry: Entry, node: ir.Call | ir.Compare, paths: tuple[PathUse, ...]
    ) -> Emitter:
        """An emitter for names that no scope and no guard around them concerns."""

    def uses_of(self, value: Tracked) -> tuple[PathUse, ...]:
        """The checkpoints that an object was made from."""
