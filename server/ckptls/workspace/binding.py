"""Binding: which checkpoints a site is about, and how sure that is.

The order: a pragma that trails the statement; the path in the code, where it is there on
disk; the wider pins; another path of the same file; whatever lies in the workspace.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from ckptls.checkpoint.data_files import DataLoss
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.checkpoint.storage.filesystem import is_remote
from ckptls.source.document import Analysis
from ckptls.source.inventory.restore_request import ProgramFacts
from ckptls.source.semantics.pattern_text import Text, text
from ckptls.source.semantics.saved_paths import may_be_saved
from ckptls.source.semantics.sites import Evidence, PathForm, PathUse, Place, Restore, Save, Site
from ckptls.source.semantics.text_matcher import matcher
from ckptls.source.syntax.pragmas import Pin
from ckptls.source.text.source_text import Span
from ckptls.workspace.checkpoint_store import Entry
from ckptls.workspace.keras_version import UNKNOWN as UNKNOWN_KERAS
from ckptls.workspace.keras_version import KerasVersion
from ckptls.workspace.path_resolution import Lookup, Resolution, Roots, resolve

_MAX_WORKSPACE_CHECKPOINTS = 32
_Saved = tuple["tuple[Text, ...] | None", ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """The checkpoints that a site may be about.

    is_complete: there are no others that it may be about.
    is_file_wide: bound by a pin for the whole file, which may hold names of several models.
    is_guess: nothing but lying in the workspace speaks for the checkpoints.
    is_by_ending: of the site's own path only the end is known, and the checkpoints have it.
    base: the directory that paths are shown relative to.
    pending: places to be looked at before more can be said.
    losses: by the prefix of a checkpoint what is missing of its data.
    forbidden: addresses that the code names, on machines that nobody allowed to ask.
    """

    checkpoints: tuple[Checkpoint, ...] = ()
    evidence: Evidence = Evidence.WORKSPACE
    is_complete: bool = False
    is_file_wide: bool = False
    pending: tuple[str, ...] = ()
    unreadable: tuple[Entry, ...] = ()
    forbidden: tuple[str, ...] = ()
    base: str = ""
    is_guess: bool = False
    is_by_ending: bool = False
    losses: tuple[tuple[str, DataLoss], ...] = ()

    def loss_of(self, checkpoint: Checkpoint) -> DataLoss | None:
        """What is missing of the data of one of the checkpoints."""
        return dict(self.losses).get(checkpoint.prefix)

    def proves(self, needed: Evidence) -> bool:
        """Whether a name that is in none of the checkpoints is surely wrong."""
        return bool(self.checkpoints) and self.is_complete and self.evidence >= needed

    @property
    def suggests_slips(self) -> bool:
        """Whether a name that is nearly one of theirs may be warned of: of the site's path only
        the end is known."""
        return self.is_by_ending and self.proves(Evidence.FILE)


@dataclass
class Binder:
    """Binds the sites of one analysis of one document.

    `lookup` says what stands at a path; `pins` are paths given for the whole file by
    settings or on the command line; `known` the prefixes found in the workspace; `base` the
    directory that paths are shown relative to; `keras` says which Keras a module is of;
    `find_facts` what the document does as a program.
    """

    analysis: Analysis
    roots: Roots
    lookup: Lookup
    pins: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    base: str = ""
    keras: Callable[[str], KerasVersion] = lambda library: UNKNOWN_KERAS
    find_facts: Callable[[], ProgramFacts | None] = lambda: None
    _paths: dict[tuple[PathUse, ...], Resolution] = field(default_factory=dict)
    # By the identity of the paths, which comparing would cost more than binding.
    _bound: dict[tuple[int, bool], tuple[tuple[PathUse, ...], Binding]] = field(
        default_factory=dict
    )

    _rewritten: dict[tuple[int, int], tuple[tuple[PathUse, ...], _Saved]] = field(
        default_factory=dict
    )

    def bind(self, site: Site) -> Binding:
        """The checkpoints that a site is about."""
        is_own = bool(self._saves) and self._is_written(site)
        if self._has_statement_pins:
            return self._bound_alone(site, is_own)
        # Nothing but the paths, and whether the program wrote it itself, tells sites apart.
        key = id(site.paths), is_own
        known = self._bound.get(key)
        if known is None or known[0] is not site.paths:
            known = self._bound[key] = site.paths, self._bound_alone(site, is_own)
        return known[1]

    def bindings(self) -> list[Binding]:
        """The bindings of all sites; what most of them share mostly once."""
        sites: Iterable[Site] = self.analysis.sites
        if not self._saves and not self._has_statement_pins:
            sites = {id(site.paths): site for site in sites}.values()
        return [self.bind(site) for site in sites]

    def _bound_alone(self, site: Site, is_own: bool) -> Binding:
        forbidden = self.resolve(site.paths).forbidden
        return replace(self._bind(site, is_own), base=self.base, forbidden=forbidden)

    @cached_property
    def _has_statement_pins(self) -> bool:
        return any(pin.lines is not None for pin in self.analysis.pragmas.pins)

    def _bind(self, site: Site, is_own: bool) -> Binding:
        pins = self._statement_pins(site)
        if pins:
            return _binding(self._pinned(pin.path for pin in pins))
        own = _mark_doubtful(self.resolve(site.paths), is_own)
        if _is_surer_than_pins(own):
            return _binding(own)
        pending = own.pending
        restored = self._restored if not site.paths else Resolution()
        if _is_surer_than_pins(restored):
            return _binding(restored, pending)
        pending += restored.pending
        wide = self._wide
        if wide.checkpoints or wide.pending:
            return _binding(wide, pending, is_file_wide=True)
        if restored.is_telling:
            return _binding(restored, pending)
        if own.checkpoints:
            is_by_ending = own.is_telling and all(use.flag is None for use in site.paths)
            return replace(_binding(own, pending), is_by_ending=is_by_ending)
        # A path that is known and not there is another checkpoint than the file's others.
        is_elsewhere = any(use.text.literal is not None for use in site.paths)
        if not is_elsewhere:
            if self._file.checkpoints:
                return _binding(self._file, pending, ceiling=Evidence.FILE)
            pending += self._file.pending
        found = self._workspace
        bound = _binding(found, pending, ceiling=Evidence.WORKSPACE, unreadable=own.unreadable)
        return replace(bound, is_guess=True)

    @cached_property
    def facts(self) -> ProgramFacts | None:
        """What the document does as a program, as far as that is known."""
        return self.find_facts()

    def nearest_known(self) -> list[str]:
        """The prefixes found in the workspace, those beside the document first."""
        return _nearest(self.known, self.roots)

    def resolve(self, uses: tuple[PathUse, ...]) -> Resolution:
        """The checkpoints that path expressions of this document mean."""
        found = self._paths.get(uses)
        if found is None:
            found = resolve(uses, self.roots, self.lookup, self.known)
            self._paths[uses] = found
        return found

    def resolve_restore(self, restore: Restore) -> Resolution:
        """The checkpoints that a statement restores from.

        What the program writes before it reads it proves nothing.
        """
        is_own = bool(self._saves_before(restore.paths, restore.place))
        return _mark_doubtful(self.resolve(restore.paths), is_own)

    def _is_written(self, site: Site) -> bool:
        """Whether code further up saves to the site's path, under that name for all one knows."""
        return any(
            names is None or any(_may_be(site.full_text, each) for each in names)
            for names in self._saves_before(site.paths, site.place)
        )

    def _saves_before(self, uses: tuple[PathUse, ...], place: Place) -> _Saved:
        """For each statement further up that saves to one of the paths, the names it gives."""
        if not self._saves or not uses:
            return ()
        here = place.span.start
        before = [each for each in self._saves if each[1] < here]
        key = id(uses), len(before)
        known = self._rewritten.get(key)
        if known is None or known[0] is not uses:
            saves = [
                save for text, _, save in before if any(may_be_saved(text, use) for use in uses)
            ]
            known = self._rewritten[key] = uses, tuple(map(self._names_of, saves))
        return known[1]

    def _names_of(self, save: Save | None) -> tuple[Text, ...] | None:
        """The names that a statement saves, if that is known."""
        if save is None or not save.takes_all:
            return save.names if save is not None else None
        return tuple(each.name for each in self.analysis.variables)

    @cached_property
    def _saves(self) -> list[tuple[Text, int, Save | None]]:
        """What the program writes, where that stands, and what is said of it; in order."""
        saves = {save.place.span.start: save for save in self.analysis.saves}
        found = [
            (use.text, start, saves.get(start))
            for site in self.analysis.path_sites
            for start in (site.place.span.start,)
            for use in site.paths
            if use.form is PathForm.OUTPUT and use.text.head
        ]
        found += [(text, e.place.span.start, e) for e in self.analysis.saves for text in e.prefixes]
        return sorted(found, key=lambda each: each[1])

    def look(self, use: PathUse) -> tuple[Entry, ...] | None:
        """What stands at each of the places that a path may mean.

        Where nothing is at any of them, but something near, what stands there from the other
        directories in which a program may be run follows. None as long as nobody looked at one
        of them, or if the path is not known.
        """
        literal = use.text.literal
        if literal is None:
            return None
        found = self._look_at(self.roots.candidates(literal))
        if not found:
            return None
        beyond = self._look_at(self.roots.candidates_beyond(literal, found))
        if beyond is None:
            return None
        return found + tuple(each for each in beyond if not each.is_absent)

    def _look_at(self, places: Iterable[str]) -> tuple[Entry, ...] | None:
        found: list[Entry] = []
        for place in places:
            entry = self.lookup(place)
            if entry is None:
                return None
            found.append(entry)
        return tuple(found)

    def evidence_span(self, site: Site) -> Span | None:
        """Where this document names the checkpoint that a site is bound to, if it does."""
        pins = self._statement_pins(site)
        if pins:
            return pins[0].span
        own = _mark_doubtful(self.resolve(site.paths), self._is_written(site))
        restored = self._restored if not site.paths else Resolution()
        is_pinned = bool(self._wide.checkpoints)
        is_pinned = is_pinned and not any(map(_is_surer_than_pins, (own, restored)))
        if is_pinned:
            pragmas = self.analysis.pragmas.pins
            return next((pin.span for pin in pragmas if pin.lines is None), None)
        if restored.is_telling:
            return _find_written_span(
                use for restore in self.analysis.restores for use in restore.paths
            )
        if own.checkpoints:
            return _find_written_span(site.paths)
        return _find_written_span(use for each in self.analysis.path_sites for use in each.paths)

    def _statement_pins(self, site: Site) -> list[Pin]:
        """What comments behind the site's own statement name."""
        source = self.analysis.source
        pins = [pin for pin in self.analysis.pragmas.pins if pin.lines is not None]
        if not pins:
            return []
        spans = [part.literal for part in site.parts] or [site.place.span]
        lines = {source.line_of(span.start) for span in spans}
        return [
            pin
            for pin in pins
            if pin.lines is not None and any(pin.lines[0] <= line <= pin.lines[1] for line in lines)
        ]

    def _pinned(self, paths: Iterable[str]) -> Resolution:
        uses = tuple(PathUse(text(path), PathForm.ANY, Evidence.PINNED) for path in paths)
        return self.resolve(uses) if uses else Resolution()

    @cached_property
    def _wide(self) -> Resolution:
        pragmas = (pin.path for pin in self.analysis.pragmas.pins if pin.lines is None)
        return self._pinned((*pragmas, *self.pins))

    @property
    def pinned(self) -> Resolution:
        """The checkpoints that comments, settings or the command line name for the whole file."""
        return self._wide

    @cached_property
    def _restored(self) -> Resolution:
        restores = self.analysis.restores
        found = self.resolve(tuple({use: None for each in restores for use in each.paths}))
        return _mark_doubtful(found, any(self._saves_before(e.paths, e.place) for e in restores))

    @cached_property
    def _file(self) -> Resolution:
        uses = {
            use: None
            for site in self.analysis.path_sites
            for use in site.paths
            if use.form is not PathForm.OUTPUT
        }
        return self.resolve(tuple(uses))

    @cached_property
    def _workspace(self) -> Resolution:
        pending = []
        found: list[Checkpoint] = []
        for prefix in _nearest(self.known, self.roots)[:_MAX_WORKSPACE_CHECKPOINTS]:
            entry = self.lookup(prefix)
            if entry is None:
                pending.append(prefix)
            elif entry.checkpoint is not None:
                found.append(entry.checkpoint)
        return Resolution(tuple(found), Evidence.WORKSPACE, False, tuple(pending))


def _binding(
    resolution: Resolution,
    pending: tuple[str, ...] = (),
    *,
    is_file_wide: bool = False,
    ceiling: Evidence = Evidence.CALL,
    unreadable: tuple[Entry, ...] = (),
) -> Binding:
    return Binding(
        resolution.checkpoints,
        min(resolution.evidence, ceiling),
        resolution.is_complete,
        is_file_wide,
        (*resolution.pending, *pending),
        (*resolution.unreadable, *unreadable),
        losses=resolution.losses,
    )


def _is_surer_than_pins(found: Resolution) -> bool:
    """Whether the code leads to the checkpoints: what only ends as a path does, or is named by a
    script, may be another one than the user says."""
    return found.is_telling and found.evidence > Evidence.FILE


def _mark_doubtful(found: Resolution, is_doubtful: bool) -> Resolution:
    return replace(found, evidence=Evidence.WORKSPACE) if is_doubtful else found


def _may_be(name: Text, saved: Text) -> bool:
    """Whether what was saved may have a name, or lie in a scope of that name."""
    literal = name.literal
    if literal is None:
        return True
    if literal.endswith("/"):
        return saved.has_hole or saved.head.startswith(literal)
    return matcher(saved).fits(literal)


def _find_written_span(uses: Iterable[PathUse]) -> Span | None:
    """Where the first of some paths that is written in this document stands."""
    return next((use.span for use in uses if use.span is not None), None)


def _nearest(known: tuple[str, ...], roots: Roots) -> list[str]:
    """Known prefixes, those beside the document first."""
    if not roots.directories:
        return list(known)
    here = roots.directories[0]

    def distance(prefix: str) -> int:
        if is_remote(prefix):
            return 1_000
        try:
            return os.path.relpath(prefix, here).count(os.sep)
        except ValueError:  # another drive
            return 1_000

    return sorted(known, key=distance)
