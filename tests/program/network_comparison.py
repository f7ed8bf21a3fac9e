"""What reading finds of the programs below `networks`, held against what TensorFlow makes.

python -m program.network_comparison [NAME...]    (in tests/)
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from program.network_truth import COLLECTIONS, programs, stored


@dataclass
class Comparison:
    """What reading found of one program, against what TensorFlow made of it.

    wrong: names or facts that TensorFlow does not confirm.
    found: how many variables of TensorFlow were named exactly.
    total: how many there are.
    is_complete: reading says that it has them all.
    restores: of those that TensorFlow asked for, how many sets are the same.
    """

    name: str
    total: int
    found: int = 0
    said: int = 0
    is_complete: bool = False
    asked: int = 0
    restores: int = 0
    seconds: float = 0.0
    steps: int = 0
    wrong: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        state = "complete" if self.is_complete else "incomplete"
        return (
            f"{self.name:20} {self.found:4} of {self.total:4}  {state:10}  "
            f"{len(self.wrong)} wrong  {self.restores} of {self.asked} restores  "
            f"{self.seconds * 1000:5.0f} ms  {self.steps} steps"
        )


def compare(name: str, path: Path, truth: dict[str, Any]) -> Comparison:
    """Follow a program, and hold what is found against the truth."""
    from program.networks_read import follow

    start = time.perf_counter()
    facts = follow(path, truth["keras"])
    inventory = facts.inventory
    result = Comparison(name, len(truth["variables"]), asked=len(truth["restores"]))
    result.seconds = time.perf_counter() - start
    result.steps = facts.steps
    result.said = len(inventory.variables)
    result.is_complete = inventory.is_complete and not facts.is_cut
    result.gaps = [
        f"{Path(gap.place.path or '').name}:{gap.place.line + 1} {gap.reason}"
        if gap.place
        else gap.reason
        for gap in inventory.gaps
    ]
    left = Counter(each[0] for each in truth["variables"])
    rows: dict[str, list[Any]] = {}
    for each in truth["variables"]:
        rows.setdefault(each[0], []).append(each)
    for variable in inventory.variables:
        if not variable.is_exact:
            pattern = ".*".join(map(re.escape, variable.name.split("{}")))
            if not any(re.fullmatch(pattern, each) for each in rows):
                result.wrong.append(f"{variable.name}: no name has this form")
            continue
        if not left[variable.name]:
            if variable.certainty.value == "must":
                result.wrong.append(f"{variable.name}: TensorFlow does not make it")
            continue
        left[variable.name] -= 1
        result.found += 1
        row = rows[variable.name].pop(0)
        result.wrong += _differences(variable, row)
    result.missing = list(left.elements())
    if result.is_complete:
        names = [each.name for each in inventory.variables]
        if names != [each[0] for each in truth["variables"]]:
            result.wrong.append("it is not complete, or in another order")
    result.restores = _same_restores(facts, truth, result)
    return result


def _differences(variable: Any, row: list[Any]) -> list[str]:
    name, shape, dtype, is_trainable, collections = row
    wrong = []
    if variable.shape is not None and shape is not None:
        fits = len(variable.shape) == len(shape) and all(
            mine is None or mine == right for mine, right in zip(variable.shape, shape, strict=True)
        )
        if not fits:
            wrong.append(f"{name}: shape {variable.shape}, right is {shape}")
    if variable.dtype is not None and variable.dtype != dtype:
        wrong.append(f"{name}: dtype {variable.dtype}, right is {dtype}")
    if variable.is_trainable is not None and variable.is_trainable != is_trainable:
        wrong.append(f"{name}: trainable {variable.is_trainable}, right is {is_trainable}")
    known = sorted(variable.collections & COLLECTIONS)
    if collections and known != collections:
        wrong.append(f"{name}: collections {known}, right is {collections}")
    return wrong


def _same_restores(facts: Any, truth: dict[str, Any], result: Comparison) -> int:
    """How many sets are the same; a set that is said to be known and differs is wrong."""
    same = 0
    requests = list(facts.restores)
    for index, wanted in enumerate(truth["restores"]):
        if index >= len(requests):
            break
        request = requests[index]
        keys = request.kind.value == "names"
        asked = {each.key if keys else each.variable.name: each.variable for each in request.items}
        sure = {key for key, each in asked.items() if each.certainty.value == "must"}
        # What only may be made is no claim: it may be in the set or not.
        if sure <= set(wanted) <= set(asked) and all(
            asked[key].name == name for key, name in wanted.items()
        ):
            same += 1
        elif not request.gaps:
            more, less = sorted(sure - set(wanted))[:3], sorted(set(wanted) - set(asked))[:3]
            result.wrong.append(f"restore {index}: more {more}, less {less}, or other names")
    if result.is_complete and len(requests) != len(truth["restores"]):
        result.wrong.append(f"{len(requests)} restores, right are {len(truth['restores'])}")
    return same


def main() -> None:
    wanted = sys.argv[1:]
    for name, path in programs().items():
        if wanted and name not in wanted:
            continue
        one = compare(name, path, stored(name))
        print(one)
        for line in [*one.wrong[:6], *(f"gap: {each}" for each in one.gaps[:6])]:
            print("     ", line)
        if wanted:
            print("      missing:", one.missing[:10])


if __name__ == "__main__":
    main()
