"""What TensorFlow makes of an entry of an assignment map, as the names on both sides say.

Source: tensorflow/python/training/checkpoint_utils.py (`_init_from_checkpoint`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.names.known_names import ModelNames


def loads(
    key: str, value: str, checkpoints: Iterable[Checkpoint], model: ModelNames
) -> bool | None:
    """Whether an entry fills variables: False if TensorFlow raises, or fills none.

    `value` is the name of a variable or scope. None where the checkpoint is not known, or no
    name of the model is.
    """
    several = tuple(checkpoints)
    if is_variable(value, model):
        return _all_have([key], several)
    if not key.endswith("/"):
        return False if model.names and not model.templates else None
    above = value.rpartition("/")[0]
    start = above + "/" if above else ""
    known = [name for name in model.names if name.startswith(start)]
    inside = [name for name in known if not name.endswith("/")]
    if known and not inside:
        return None  # a scope, of which it is not known what is made in it
    if not inside:
        is_known = bool(model.names) and not any(_may_be_in(above, each) for each in _heads(model))
        return False if is_known else None
    return _all_have([_stored(key, value, above, name) for name in inside], several)


def is_variable(value: str, model: ModelNames) -> bool:
    """Whether the code makes a variable of that name."""
    return value in model.names and not value.endswith("/")  # scopes are among them


def right_keys(key: str, value: str) -> Iterator[str]:
    """Other keys for a value that is the name of a variable: the variable in that scope."""
    segments = value.rstrip("/").split("/")
    scope = key.rstrip("/")
    for start in range(len(segments) - 1, -1, -1):
        yield "/".join((scope, *segments[start:])) if scope else "/".join(segments[start:])


def _stored(key: str, value: str, above: str, name: str) -> str:
    """The name in the checkpoint that TensorFlow looks up for a variable of the model."""
    rest = name[len(above) :]
    if value != "/":
        rest = rest[1:]
    return (rest if key == "/" else key + rest).removesuffix("/")


def _all_have(names: list[str], checkpoints: tuple[Checkpoint, ...]) -> bool | None:
    if not checkpoints:
        return None
    return all(name in checkpoint for checkpoint in checkpoints for name in names)


def _heads(model: ModelNames) -> Iterator[str]:
    return (template.head for template in model.templates)


def _may_be_in(scope: str, head: str) -> bool:
    """Whether a name that begins so may lie in a scope."""
    return head.startswith(scope + "/") or (scope + "/").startswith(head)
