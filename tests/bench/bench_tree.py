"""How long questions about 100,000 names take, as ratios against the plain loop over them.

    python tests/bench/bench_tree.py

Both sides give the same answer, which is looked at first, and take turns.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from checkpoint.crafted_objects import SUFFIX, attribute, child, graph_of  # noqa: E402
from ckptls.checkpoint.core.types import Format  # noqa: E402
from ckptls.checkpoint.graphs.variable_role import purpose_of, slots_of  # noqa: E402
from ckptls.checkpoint.model.checkpoint import Checkpoint  # noqa: E402
from ckptls.checkpoint.model.suggestions import suggest_variables  # noqa: E402
from ckptls.checkpoint.names.edit_distance import rank  # noqa: E402
from ckptls.checkpoint.objects.object_graph import ObjectGraph  # noqa: E402
from ckptls.checkpoint.objects.trackable_protos import decode_nodes  # noqa: E402

VARIABLES = 100_000
ROUNDS = 5
NEAREST_AIM_MS = 100.0


@dataclass(frozen=True)
class Question:
    """One question, as it is answered and as a plain loop would; and how many times faster."""

    what: str
    ours: Callable[[], object]
    plain: Callable[[], object]
    aim: float


def checkpoint() -> Checkpoint:
    """A large transformer with two slots to a variable."""
    leaves = ("attention/kernel", "attention/bias", "mlp/kernel", "mlp/bias")
    names = []
    for i in range(VARIABLES // 3):
        name = f"model/block_{i // 400:03d}/layer_{i % 400 // 4}/{leaves[i % 4]}"
        names += [name, f"{name}/Adam", f"{name}/Adam_1"]
    names = sorted([*names, *(f"extra_{i}" for i in range(VARIABLES - len(names)))])
    return Checkpoint("m", Format.V2, names, [("float32", (8, 8))] * len(names))


def plain_nearest(name: str, names: tuple[str, ...]) -> list[str]:
    return [candidate for _, _, candidate in sorted(rank(name, each) for each in names)[:3]]


def plain_children(scope: str, names: tuple[str, ...]) -> set[str]:
    return {n[len(scope) :].partition("/")[0] for n in names if n.startswith(scope)}


def plain_parameters(scope: str, held: Checkpoint) -> int:
    return sum(prod(v.shape) for v in held.variables() if v.name.startswith(scope))


def questions(held: Checkpoint) -> list[Question]:
    names, tree = held.names, held.tree
    wrong = "model/block_041/layer_7/mlp/kernle"
    block = "model/block_041/"
    layer = "model/block_041/layer_7/mlp/kernel"
    return [
        Question(
            "nearest of one misspelt name",
            lambda: suggest_variables(held, wrong),
            lambda: plain_nearest(wrong, names),
            5,
        ),
        Question(
            "glob, one block",
            lambda: tree.glob(block + "*"),
            lambda: [name for name in names if fnmatchcase(name, block + "*")],
            50,
        ),
        Question(
            "glob, an ending",
            lambda: tree.glob("*/mlp/kernel"),
            lambda: [name for name in names if fnmatchcase(name, "*/mlp/kernel")],
            3,
        ),
        Question(
            "one level of a scope",
            lambda: {each.name for each in tree.children(block)},
            lambda: plain_children(block, names),
            20,
        ),
        Question(
            "parameters of a scope",
            lambda: tree.totals(block).num_parameters,
            lambda: plain_parameters(block, held),
            1000,
        ),
        Question(
            "slots of a variable",
            lambda: slots_of(layer, held),
            lambda: tuple(n for n in names if purpose_of(n, held).owner == layer),
            20,
        ),
    ]


def fastest(call: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def report(question: Question) -> bool:
    """Print one line; whether the aim is met."""
    assert question.ours() == question.plain(), question.what
    ours, plain = fastest(question.ours, ROUNDS), fastest(question.plain, 2)
    is_met = plain / ours >= question.aim
    if question.what.startswith("nearest"):
        is_met = is_met and ours * 1000 < NEAREST_AIM_MS
    print(
        f"{question.what:32}{ours * 1000:10.3f} ms{plain * 1000:12.1f} ms"
        f"{plain / ours:9.1f} x  (aim {question.aim:g} x){'' if is_met else '  MISSED'}"
    )
    return is_met


def object_graph() -> bool:
    """Print how an object graph of as many variables is read, beside TensorFlow's message."""
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    names = [f"layer_{i // 100}/kernel_{i % 100}" for i in range(VARIABLES)]
    root = [child(str(i), i + 1) for i in range(VARIABLES)]
    data = graph_of(root, *([attribute(name, name + SUFFIX)] for name in names))

    def theirs() -> dict[str, str]:
        message = TrackableObjectGraph.FromString(data)
        return {a.checkpoint_key: a.full_name for node in message.nodes for a in node.attributes}

    graph = ObjectGraph(decode_nodes(data))
    assert all(graph.full_names(key) == (name,) for key, name in theirs().items())
    ours, upb = fastest(lambda: ObjectGraph(decode_nodes(data)), 3), fastest(theirs, 3)
    size = len(data) / 1e6
    print(
        f"{'object graph':32}{ours * 1000:10.1f} ms{upb * 1000:12.1f} ms{upb / ours:9.2f} x"
        f"  (of TensorFlow's message; {size:.1f} MB, {ours * 1000 / size:.0f} ms/MB)"
    )
    return upb / ours >= 0.15


def main() -> int:
    held = checkpoint()
    print(f"{len(held):,} variables{'':15}{'ckptls':>13}{'plain loop':>15}    ratio")
    met = [report(question) for question in questions(held)]
    met.append(object_graph())
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
