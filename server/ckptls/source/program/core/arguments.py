"""The arguments of one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ckptls.source.inventory.model_inventory import CodeSpan
from ckptls.source.program.core.objects import UNKNOWN, Value


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call is given.

    is_exact: False where a `*` or `**` that is not known may give more.
    function: the full canonical name that was called, where it is one of a library.
    place: the call; `name_place` the last name of what is called.
    keyword_places: where the values of keywords are written.
    places: where positional arguments are written.
    """

    positional: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    is_exact: bool = True
    function: str = ""
    place: CodeSpan | None = None
    name_place: CodeSpan | None = None
    places: tuple[CodeSpan, ...] = ()
    keyword_places: Mapping[str, CodeSpan] = field(default_factory=dict)

    def bind(self, parameters: str, **defaults: Value) -> dict[str, Value]:
        """The values by the names of parameters, which are separated by blanks.

        A parameter that is not given has its default, None if there is none; UNKNOWN where the
        call may give it in a way that is not known. Keywords of other names are included.
        Several spellings of one parameter are written `a|b`; the first is its name.
        """
        found: dict[str, Value] = {}
        keywords = dict(self.keywords)
        for index, spelled in enumerate(parameters.split()):
            names = spelled.split("|")
            given = [keywords.pop(name) for name in names if name in keywords]
            if given:
                found[names[0]] = given[0]
            elif index < len(self.positional):
                found[names[0]] = self.positional[index]
            elif self.is_exact:
                found[names[0]] = defaults.get(names[0])
            else:
                found[names[0]] = UNKNOWN
        return {**found, **keywords}

    def has(self, name: str) -> bool:
        """Whether a keyword is given."""
        return name in self.keywords

    def named(self, parameters: str) -> Arguments:
        """The same call with all that it gives by position given by name.

        parameters: the names in order, separated by blanks; of more arguments nothing is known.
        """
        given = dict(zip(parameters.split(), self.positional, strict=False))
        places = dict(zip(parameters.split(), self.places, strict=False))
        return replace(
            self,
            positional=(),
            places=(),
            keywords={**given, **self.keywords},
            keyword_places={**places, **self.keyword_places},
        )

    def without(self, *names: str) -> Arguments:
        """The same call without some keywords."""
        keywords = {name: value for name, value in self.keywords.items() if name not in names}
        return replace(self, keywords=keywords)

    def with_keywords(self, keywords: Mapping[str, Value]) -> Arguments:
        """The same call with keywords that it does not give itself."""
        return replace(self, keywords={**keywords, **self.keywords})

    def after(self, count: int) -> Arguments:
        """The same call without its first positional arguments."""
        return replace(self, positional=self.positional[count:], places=self.places[count:])
