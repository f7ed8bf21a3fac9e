"""The configuration in a `.keras` archive: which layers a model has, in which order.

It is read as data. Keras would build objects from it, and has been made to run code that way.

Source: keras/src/saving/saving_lib.py, keras/src/utils/naming.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.core.limits import json_object

if TYPE_CHECKING:
    from ckptls.checkpoint.storage.zip_archive import Archive

MAX_CONFIG_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Config:
    """The layers of a model.

    Attributes:
        names: in the order of the model.
        by_group: the group that Keras gives a layer in a file of weights -> its name.
    """

    names: tuple[str, ...] = ()
    by_group: dict[str, str] = field(default_factory=dict)

    def name_at(self, path: str) -> str:
        """The name of the layer whose group in a file of weights is `path`; empty if unknown."""
        return self.by_group.get(path.rpartition("/")[2], "")


NOTHING = Config()


def read(archive: Archive) -> Config:
    """The layers that an archive's `config.json` lists; nothing if it lists none that is sound."""
    try:
        stated = json_object(archive.read("config.json", MAX_CONFIG_BYTES), "config.json")
    except CheckpointError:
        return NOTHING
    config = stated.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    names: list[str] = []
    by_group: dict[str, str] = {}
    counts: dict[str, int] = {}
    for layer in layers if isinstance(layers, list) else []:
        class_name, name = _class_and_name(layer)
        if not name:
            return NOTHING
        names.append(name)
        group = _snake_case(class_name)
        counts[group] = counts.get(group, -1) + 1
        by_group[f"{group}_{counts[group]}" if counts[group] else group] = name
    return Config(tuple(names), by_group)


def _class_and_name(layer: Any) -> tuple[str, str]:
    if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
        return "", ""
    class_name, name = layer.get("class_name"), layer["config"].get("name") or layer.get("name")
    if isinstance(class_name, str) and isinstance(name, str):
        return class_name, name
    return "", ""


def _snake_case(name: str) -> str:
    """As Keras makes the name of a group from that of a class: `LayerNorm` is `layer_norm`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
