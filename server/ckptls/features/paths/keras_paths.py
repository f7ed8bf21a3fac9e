"""What Keras takes as the path of weights or of a model, and what it refuses.

Keras 2 and Keras 3 differ: where it is not known which one runs, only what both refuse is said.

Source: keras/src/saving/saving_api.py and keras/src/saving/orbax_util.py of Keras 3.15,
tf_keras/src/saving/saving_api.py and tf_keras/src/saving/legacy/save.py of tf_keras 2.21.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace

from ckptls.checkpoint.core.errors import CheckpointAmbiguous
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.layout.directory_files import STATE_NAME
from ckptls.checkpoint.model.checkpoint import Checkpoint
from ckptls.features.common.context import Context
from ckptls.features.common.literal_edits import Replacement
from ckptls.features.paths.path_fixes import likeliest, rewritten_paths, with_end
from ckptls.features.paths.path_forms import written_like
from ckptls.source.semantics.pattern_text import text
from ckptls.source.semantics.sites import PathUse, Site
from ckptls.workspace.checkpoint_store import Entry
from ckptls.workspace.keras_version import KerasVersion

_PART = re.compile(r"\.(?:index|meta|data-\d{5}-of-\d{5})$")
_TENSORFLOW = (Format.V1, Format.V2)
_SAVED_MODEL = "/variables/variables"
_GRAPH = "saved_model.pb"
# What `load_weights` and `load_model` of Keras 3 tell formats by.
_ENDS_OF_WEIGHTS = (".keras", ".weights.h5", ".weights.json", ".h5", ".hdf5")
_ENDS_BY_PLACE, _ENDS_BY_NAME = _ENDS_OF_WEIGHTS[:3], _ENDS_OF_WEIGHTS[3:]
_ENDS_OF_MODELS = (".keras", ".h5", ".hdf5")
_ENDS_OF_HDF5 = _ENDS_OF_MODELS[1:]
# In a directory with this file, Keras 3 finds an archive that was unpacked.
_UNPACKED = "model.weights.h5"
_TAKES_WEIGHTS = "it takes `.weights.h5`, `.keras` and `.h5` files"
_BY_NAME = "layers load weights by name only from `.h5` files, and this is a TensorFlow checkpoint"
_TAKES_MODELS = "it takes `.keras` and `.h5` files"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Keras refuses a path, and what to write instead."""

    message: str
    suggestions: list[Replacement]


def is_of_keras(site: Site) -> bool:
    """Whether a path is given to `load_weights` or `load_model` of Keras itself."""
    return bool(site.library) and site.function.rpartition(".")[2] in ("load_weights", "load_model")


def refusal(site: Site, use: PathUse, context: Context) -> Refusal | None:
    """Why Keras refuses the path; None if one of the Keras that it may be takes it."""
    entry = likeliest(context.look(use) or ())
    checkpoint = entry.checkpoint if entry is not None else None
    place = entry.path if entry is not None else ""
    asked = _Asked(site, use, context, context.keras(site.library))
    is_there = checkpoint is not None and checkpoint.prefix == place
    end = _PART.search(site.text.tail)
    if end is not None and not is_there:
        return asked.part(end[0])
    if checkpoint is None:
        is_directory = entry is not None and isinstance(entry.error, CheckpointAmbiguous)
        return asked.directory(None, place) if is_directory else None
    if is_there:
        misnamed = asked.check_extension(entry) if entry is not None else None
        return misnamed or asked.checkpoint(checkpoint)
    if os.path.basename(place) == _GRAPH:
        return asked.graph()
    if os.path.basename(place) == STATE_NAME and entry is not None and _is_file(entry):
        return asked.state_file(checkpoint)
    if checkpoint.prefix.startswith(os.path.join(place, "")):
        return asked.directory(checkpoint, place)
    return None


def refusal_of_latest(site: Site, use: PathUse, context: Context) -> Refusal | None:
    """Why Keras refuses the newest checkpoint of a directory, which TensorFlow is asked for.

    `use` is the directory. None if nothing of Keras is given that checkpoint, where it is not
    there, or if one of the Keras that it may be takes it.
    """
    entry = likeliest(context.look(use) or ())
    facts = entry.facts if entry is not None else None
    if facts is None or facts.state is None or not facts.leads:
        return None
    if facts.state.place.endswith(_ENDS_OF_WEIGHTS):
        return None
    for restore in context.analysis.restores:
        if restore.library and any(e.is_latest and e.text == use.text for e in restore.paths):
            version = context.keras(restore.library)
            what = "the newest checkpoint of this directory is given to `load_weights`"
            if version.major == 3:
                wanted = f"{_TAKES_WEIGHTS} ({version.reason})"
                return Refusal(f"{what}, but Keras 3 reads no TensorFlow checkpoints; {wanted}", [])
            if restore.by_layer:
                return Refusal(f"{what}, but {_BY_NAME}", [])
    return None


def may_take(site: Site, context: Context, place: Entry) -> bool:
    """Whether what stands at a place is of a kind that the function loads.

    What a file holds counts where that is known already.
    """
    facts = place.facts
    if facts is None:
        return True
    asked = _Asked(site, site.paths[0], context, context.keras(site.library))
    if facts.is_file:
        ends = _ENDS_OF_MODELS if asked.is_model else _ENDS_OF_WEIGHTS
        if _is_hidden_archive(place) or (asked.is_keras_3 and _is_hidden_hdf5(place)):
            return False
        if asked.is_model and _holds_weights_alone(site.paths[0], context, place.path):
            return False
        if asked.is_keras_3 and asked.by_name and place.path.endswith(_ENDS_BY_PLACE):
            return False
        return place.path.endswith(ends) or not asked.is_keras_3
    if asked.is_keras_3 or asked.by_name:
        return False
    return facts.saved_model == place.path or (facts.is_prefix and not asked.is_model)


def _holds_weights_alone(use: PathUse, context: Context, path: str) -> bool:
    if path.endswith(_ENDS_BY_PLACE[1:]):
        return True
    entries = context.look(replace(use, text=text(path))) or ()
    checkpoints = [each.checkpoint for each in entries if each.checkpoint is not None]
    return any(each.holds_model is False for each in checkpoints)


def _is_hidden_archive(entry: Entry) -> bool:
    """Whether a file that ends as HDF5 does is a zip archive."""
    is_archive = entry.facts is not None and entry.facts.is_archive is True
    return is_archive and entry.path.endswith(_ENDS_OF_HDF5)


def _is_hidden_hdf5(entry: Entry) -> bool:
    """Whether a file that ends as Keras's archives do is no archive."""
    is_archive = entry.facts.is_archive if entry.facts is not None else None
    return is_archive is False and entry.path.endswith(".keras")


def _is_file(entry: Entry) -> bool:
    return entry.facts is not None and entry.facts.is_file


@dataclass(frozen=True, slots=True)
class _Asked:
    """One path that is given to a function of Keras."""

    site: Site
    use: PathUse
    context: Context
    version: KerasVersion

    @property
    def is_model(self) -> bool:
        return self.site.function.endswith("load_model")

    @property
    def is_keras_3(self) -> bool:
        return self.version.major == 3

    @property
    def by_name(self) -> bool:
        restores = self.context.analysis.restores
        return any(each.by_layer and each.place == self.site.place for each in restores)

    @property
    def _wanted(self) -> str:
        """What Keras 3 takes, and how it is known that it is this one."""
        takes = _TAKES_MODELS if self.is_model else _TAKES_WEIGHTS
        return f"{takes} ({self.version.reason})"

    def part(self, end: str) -> Refusal:
        """A file of a TensorFlow checkpoint, such as its index."""
        what = "this is a file of a TensorFlow checkpoint"
        if self.is_keras_3:
            return Refusal(f"{what}, which Keras 3 does not read; {self._wanted}", [])
        if self.is_model:
            return Refusal(f"{what}, but `load_model` expects a whole model", [])
        message = f"{what}; expected its prefix, without `{end}`"
        if self.version.major is None:
            message += " for Keras 2; Keras 3 does not read such checkpoints"
        return Refusal(message, [] if self.by_name else with_end(self.context, self.site, end, ""))

    def graph(self) -> Refusal | None:
        """The file with the graph of a SavedModel."""
        what = "this is the graph of a SavedModel"
        if self.is_keras_3:
            return Refusal(f"{what}, which Keras 3 does not read; {self._wanted}", [])
        directory = os.path.dirname((self.use.text.literal or "").rstrip("/")) or "."
        message = f"{what}; expected the directory that contains it"
        return Refusal(message, [] if self.by_name else self._rewritten(directory))

    def state_file(self, checkpoint: Checkpoint) -> Refusal:
        """The file that names the checkpoints of a directory."""
        what = "this is the state file, which only names checkpoints"
        if self.is_model or not self._takes(checkpoint, ""):
            return Refusal(what, [])
        place, name = self.use.text.literal or "", os.path.basename(checkpoint.prefix)
        return Refusal(what, self._rewritten(place[: -len(STATE_NAME)] + name))

    def checkpoint(self, checkpoint: Checkpoint) -> Refusal | None:
        """A checkpoint by its own path."""
        if checkpoint.format in _TENSORFLOW:
            return self._model_prefix() if self.is_model else self._prefix()
        if checkpoint.format not in (Format.KERAS, Format.HDF5):
            return None
        if self.is_model and checkpoint.holds_model is False:
            return Refusal(
                "this file holds only weights, but `load_model` expects a whole model;"
                " build the model and use its `load_weights`",
                [],
            )
        return self._file() if self.is_keras_3 else None

    def check_extension(self, entry: Entry) -> Refusal | None:
        """A file that is not of the format that Keras takes it for because of its ending.

        The error is `OSError: file signature not found`, or `BadZipFile`.
        """
        if entry.facts is None or not entry.facts.is_file:
            return None
        end = os.path.splitext(entry.path)[1]
        if _is_hidden_archive(entry):
            return Refusal(
                f"this is a `.keras` archive, but Keras reads a file as HDF5 if it ends in"
                f" `{end}`; rename the file",
                [],
            )
        if self.is_keras_3 and _is_hidden_hdf5(entry):
            return Refusal(
                "this is an HDF5 file, but Keras 3 reads a file as a zip archive if it ends in"
                f" `.keras`; rename the file ({self.version.reason})",
                [],
            )
        return None

    def _file(self) -> Refusal | None:
        """A file of Keras under Keras 3, which tells formats by how paths end."""
        ends = _ENDS_OF_MODELS if self.is_model else _ENDS_OF_WEIGHTS
        tail = self.site.text.tail
        if tail and not tail.endswith(ends):
            return Refusal(f"Keras 3 takes the format from the file extension: {self._wanted}", [])
        if not self.is_model and self.by_name and tail.endswith(_ENDS_BY_PLACE):
            end = next(each for each in _ENDS_BY_PLACE if tail.endswith(each))
            return Refusal(
                f"`by_name` is for `.h5` files that Keras 2 or `model.save` wrote; of `{end}` files"
                f" Keras 3 loads layers by their position in the model ({self.version.reason})",
                [],
            )
        return None

    def _prefix(self) -> Refusal | None:
        """A TensorFlow checkpoint whose weights are to be loaded."""
        if self.is_keras_3:
            return Refusal(f"Keras 3 does not read TensorFlow checkpoints; {self._wanted}", [])
        if self.by_name:
            return Refusal(_BY_NAME, [])
        return None

    def _model_prefix(self) -> Refusal:
        """A TensorFlow checkpoint in the place of a model."""
        what = "this is a TensorFlow checkpoint, which holds only weights"
        written = self.use.text.literal or ""
        if self.is_keras_3:
            return Refusal(f"{what}; Keras 3 does not read it: {self._wanted}", [])
        if written.endswith(_SAVED_MODEL):
            above = written[: -len(_SAVED_MODEL)]
            what = "these are the variables of a SavedModel"
            message = f"{what}, but `load_model` expects its directory"
            return Refusal(message, self._rewritten(above))
        return Refusal(f"{what}, but `load_model` expects a whole model", [])

    def directory(self, checkpoint: Checkpoint | None, place: str) -> Refusal | None:
        """A directory that holds checkpoints."""
        inside = checkpoint.prefix[len(place) :].replace(os.sep, "/") if checkpoint else ""
        if inside == _SAVED_MODEL:
            return self._saved_model()
        if checkpoint is not None and checkpoint.format is Format.ORBAX:
            return None
        if self.is_model:
            if inside.strip("/") == _UNPACKED and self.version.major != 2:
                return None
            above = self._above_variables(place)
            what = "this directory is not a SavedModel, but `load_model` expects a model"
            return Refusal(what, self._rewritten(above) if not self.is_keras_3 else [])
        wanted = "`load_weights` expects the path of one file"
        if not self.is_keras_3:
            wanted += ", or the prefix of a checkpoint"
        written = (self.use.text.literal or "").rstrip("/")
        is_right = checkpoint is not None and self._takes(checkpoint, inside)
        return Refusal(
            f"this is a directory; {wanted}", self._rewritten(written + inside) if is_right else []
        )

    def _above_variables(self, place: str) -> str:
        """The directory of a SavedModel as the code would write it, if `place` is a part of it."""
        entry = likeliest(self.context.look(self.use) or ())
        saved_model = entry.facts.saved_model if entry is not None and entry.facts else ""
        written = self.use.text.literal or ""
        return written_like(written, place, saved_model) if saved_model not in ("", place) else ""

    def _takes(self, checkpoint: Checkpoint, path: str) -> bool:
        """Whether `load_weights` takes a checkpoint with that end of its path."""
        if checkpoint.format in _TENSORFLOW:
            return not self.is_keras_3 and not self.by_name
        ends = _ENDS_BY_NAME if self.by_name else _ENDS_OF_WEIGHTS
        return path.endswith(ends) and not (self.by_name and path.endswith(_ENDS_BY_PLACE))

    def _saved_model(self) -> Refusal | None:
        if not self.is_keras_3:
            return None if self.is_model else self._prefix()
        instead = "; for inference, `keras.layers.TFSMLayer` takes it" if self.is_model else ""
        return Refusal(
            f"this is a SavedModel, which Keras 3 does not read: {self._wanted}{instead}", []
        )

    def _rewritten(self, path: str) -> list[Replacement]:
        return rewritten_paths(self.context, self.site, [path]) if path else []
