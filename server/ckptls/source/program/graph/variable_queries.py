"""Functions that choose among the variables of a graph.

Source: `variables.py` and `ops.py` of TensorFlow 1.15 (`get_collection` with a scope compares by
`re.match`), `variables.py` of tf_slim 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ckptls.source.program.core.arguments import Arguments
from ckptls.source.program.core.library import function
from ckptls.source.program.core.objects import UNKNOWN, ListValue, Value
from ckptls.source.program.core.run_protocol import Run
from ckptls.source.program.graph.graph_state import current_graph
from ckptls.source.program.graph.variables import (
    GLOBAL_VARIABLES,
    LOCAL_VARIABLES,
    MODEL_VARIABLES,
    MOVING_AVERAGE_VARIABLES,
    TRAINABLE_VARIABLES,
    VariableObject,
)

_MAX_PATTERN = 200
_QUANTIFIER = re.compile(r"[*+}]")
# A group that is repeated may match one text in very many ways, alone.
_REPEATED_GROUP = re.compile(r"\)[*+{]")


def _may_take_long(pattern: str) -> bool:
    """Whether comparing a pattern may take more than the square of a name's length."""
    is_short = len(pattern) <= _MAX_PATTERN and len(_QUANTIFIER.findall(pattern)) <= 2
    return not is_short or _REPEATED_GROUP.search(pattern) is not None


def match_start(pattern: str, text: str) -> bool | None:
    """Whether `re.match` finds a pattern; None for one that may take long, or does not compile."""
    if _may_take_long(pattern):
        return None
    try:
        return re.match(pattern, text[:1_000]) is not None
    except (re.error, RecursionError):
        return None


def _select(run: Run, key: str, scope: Value) -> ListValue:
    """The members of a collection whose names a scope, which is a pattern, matches."""
    members = current_graph(run).collection(key)
    if scope is None or scope == "":
        return ListValue(list(members.items), members.is_exact)
    if isinstance(scope, VariableObject) or not isinstance(scope, str):
        name = run.get_attribute(scope, "name")
        if not isinstance(name, str):
            return ListValue([], is_exact=False)
        scope = name
    found: list[Value] = []
    is_exact = members.is_exact
    for each in members.items:
        is_variable = isinstance(each, VariableObject)
        fits = match_start(scope, f"{each.name}:0") if is_variable else None
        is_known = fits is not None and each.is_exact
        is_exact = is_exact and is_known
        found += [each] if fits else []
    return ListValue(found, is_exact)


def _of_collection(key: str) -> Callable[[Run, Arguments], Value]:
    def call(run: Run, arguments: Arguments) -> Value:
        return _select(run, key, arguments.bind("scope")["scope"])

    return call


for _name, _key in {
    "global_variables": GLOBAL_VARIABLES,
    "all_variables": GLOBAL_VARIABLES,
    "trainable_variables": TRAINABLE_VARIABLES,
    "local_variables": LOCAL_VARIABLES,
    "model_variables": MODEL_VARIABLES,
    "moving_average_variables": MOVING_AVERAGE_VARIABLES,
}.items():
    function(f"tensorflow.{_name}")(_of_collection(_key))


@function("tensorflow.get_collection", "tensorflow.get_collection_ref")
def get_collection(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("key scope")
    key = bound["key"]
    if not isinstance(key, str):
        return ListValue([], is_exact=False)
    if arguments.function.endswith("_ref"):
        return current_graph(run).collection(key)
    return _select(run, key, bound["scope"])


@function("tensorflow.add_to_collection")
def add_to_collection(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("name|names value")
    key = bound["name"]
    if isinstance(key, str):
        members = current_graph(run).collection(key)
        members.items.append(bound["value"])
        if not run.is_certain:
            members.is_exact = False
        if isinstance(bound["value"], VariableObject):
            bound["value"].collections.add(key)
    return None


_SLIM_HOMES = ("tf_slim", "tensorflow.contrib.framework", "tf_slim.variables")


def _slim(*names: str) -> Callable[[Callable[[Run, Arguments], Value]], None]:
    def register(made: Callable[[Run, Arguments], Value]) -> None:
        function(*(f"{home}.{name}" for home in _SLIM_HOMES for name in names))(made)

    return register


@_slim("get_variables", "get_model_variables", "get_trainable_variables", "get_local_variables")
def _get_variables(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("scope suffix collection")
    collections = {
        "get_model_variables": MODEL_VARIABLES,
        "get_trainable_variables": TRAINABLE_VARIABLES,
        "get_local_variables": LOCAL_VARIABLES,
    }
    key = collections.get(arguments.function.rpartition(".")[2], bound["collection"])
    suffix = bound["suffix"]
    chosen = _select(run, key if isinstance(key, str) else GLOBAL_VARIABLES, bound["scope"])
    if suffix is None:
        return chosen
    if not isinstance(suffix, str):
        return ListValue([], is_exact=False)
    return _with_suffix(chosen, suffix)


def _with_suffix(chosen: ListValue, suffix: str) -> ListValue:
    # tf_slim looks for the suffix, and a colon behind it, in the name of the tensor.
    wanted = suffix if ":" in suffix else suffix + ":"
    found = [e for e in chosen.items if isinstance(e, VariableObject) and wanted in f"{e.name}:0"]
    is_exact = all(isinstance(e, VariableObject) and e.is_exact for e in chosen.items)
    return ListValue(list(found), chosen.is_exact and is_exact)


@_slim("get_variables_by_suffix", "get_variables_by_name")
def _get_by_suffix(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("suffix|given_name scope")
    suffix = bound["suffix"]
    if not isinstance(suffix, str):
        return ListValue([], is_exact=False)
    scope = bound["scope"]
    if arguments.function.endswith("get_variables_by_suffix"):
        return _with_suffix(_select(run, GLOBAL_VARIABLES, scope), suffix)
    if scope is not None and not isinstance(scope, str):
        return ListValue([], is_exact=False)
    # The second choice of slim's expression is outside of the scope: a name without a slash is
    # found whatever scope is asked for.
    pattern = f"{scope or ''}.*/{suffix}:|^{suffix}:"
    return _matching(_select(run, GLOBAL_VARIABLES, None), (pattern,), re.match)


@_slim("get_variables_to_restore")
def _get_to_restore(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("include exclude")
    include = _chosen(run, bound["include"])
    exclude = _chosen(run, bound["exclude"]) or ListValue([])
    if include is None:
        include = _select(run, GLOBAL_VARIABLES, None)
    kept = [each for each in include.items if each not in exclude.items]
    return ListValue(kept, include.is_exact and exclude.is_exact)


def _chosen(run: Run, scopes: Value) -> ListValue | None:
    """The variables of several scopes; None where no scopes are given."""
    if scopes is None:
        return None
    items = run.iterate(scopes) if not isinstance(scopes, str) else None
    if items is None:
        return ListValue([], is_exact=False)
    several = [_select(run, GLOBAL_VARIABLES, each) for each in items]
    found = dict.fromkeys(member for each in several for member in each.items)
    return ListValue(list(found), all(each.is_exact for each in several))


@_slim("filter_variables")
def _filter_variables(run: Run, arguments: Arguments) -> Value:
    bound = arguments.bind("var_list include_patterns exclude_patterns reg_search", reg_search=True)
    items = run.iterate(bound["var_list"])
    searches = run.truth(bound["reg_search"])
    include = _patterns(run, bound["include_patterns"])
    exclude = _patterns(run, bound["exclude_patterns"])
    is_known = include is not None and exclude is not None and searches is not None
    if items is None or include is None or exclude is None or not is_known:
        return ListValue([], is_exact=False)
    compare = re.search if searches else re.match
    given = bound["var_list"]
    chosen = ListValue(list(items), not isinstance(given, ListValue) or given.is_exact)
    if bound["include_patterns"] is not None:
        chosen = _matching(chosen, include, compare)
    dropped = _matching(chosen, exclude, compare)
    names = {id(each) for each in dropped.items}
    kept = [each for each in chosen.items if id(each) not in names]
    return ListValue(kept, dropped.is_exact)


def _patterns(run: Run, given: Value) -> tuple[str, ...] | None:
    """Regular expressions that a program gives as a list; None where they are not known."""
    if given is None:
        return ()
    items = run.iterate(given) if not isinstance(given, str) else None
    if items is None or not all(isinstance(each, str) for each in items):
        return None
    return tuple(items)


def _matching(
    chosen: ListValue,
    patterns: tuple[str, ...],
    compare: Callable[[str, str], re.Match[str] | None],
) -> ListValue:
    """The variables whose names with `:0` match one of some regular expressions."""
    known = [e for e in chosen.items if isinstance(e, VariableObject) and e.is_exact]
    is_exact = chosen.is_exact and len(known) == len(chosen.items)
    if any(_may_take_long(each) for each in patterns):
        return ListValue([], is_exact=False)
    try:
        found = [e for e in known if any(compare(each, f"{e.name}:0") for each in patterns)]
    except re.error:
        return ListValue([], is_exact=False)
    return ListValue(list(found), is_exact)


@function("tensorflow.get_global_step", "tensorflow.train.get_global_step")
def get_global_step(run: Run, arguments: Arguments) -> Value:
    known = current_graph(run).collection("global_step")
    return known.items[0] if known.items and known.is_exact else UNKNOWN
