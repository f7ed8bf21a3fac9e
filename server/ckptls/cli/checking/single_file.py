"""One file of a project, opened for a command that explains what is in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ckptls.cli.output.console import note
from ckptls.workspace.folder_scan import known_checkpoints
from ckptls.workspace.keras_version import chosen_environment
from ckptls.workspace.project import root_of
from ckptls.workspace.settings import load_settings
from ckptls.workspace.source_files import read_source
from ckptls.workspace.walking import Bounds
from ckptls.workspace.workspace import OpenDocument, Workspace


def open_file(file: Path, pins: Iterable[str] = ()) -> tuple[Workspace, OpenDocument] | None:
    """The file in a workspace of its project; None if it cannot be read, which is noted.

    pins: paths of checkpoints that it is about, whatever its code says.
    """
    try:
        text = read_source(file)[0].decode("utf-8-sig", "replace")
    except OSError as error:
        note(f"`{file}` cannot be read: {error.strerror}")
        return None
    workspace = Workspace()
    workspace.base = os.getcwd()
    workspace.environment = chosen_environment(os.environ)
    workspace.pins = tuple(pins)
    root = root_of(file)
    settings, problems = load_settings(root)
    folder = workspace.add_folder(root, settings)
    bounds = Bounds()
    folder.known = known_checkpoints(str(root), settings, bounds)
    for problem in (*problems, *bounds.notes):
        note(problem)
    return workspace, workspace.open(str(file), file, text)
