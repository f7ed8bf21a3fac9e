"""What has a name like a file and is none: pipes, devices, sockets."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from cli.checking import BAD, HEAD, make_folder


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the address of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as it:
            it.bind(path.name)
    finally:
        os.chdir(before)


SPECIAL = {"a named pipe": make_pipe, "a device": make_device, "a socket": make_socket}
NAMES = [
    *("x.py", "n.ipynb", "ckptls.toml", "pyproject.toml", ".gitignore", ".git/info/exclude"),
    *(".git/config", "requirements.txt", "run.sh", "helper.py", "conf.yaml"),
    *("checkpoint", "other.ckpt", "m.h5", "m.npz", "m.index", "m.data-00000-of-00001"),
    *("m.meta", "saved_model.pb", "_METADATA", "m.safetensors", "m.keras", "m.pt"),
]
CODE = (
    HEAD
    + "import helper\n"
    + BAD
    + "flags = tf.app.flags\nflags.DEFINE_string('ckpt', None, '')\n"
    + "tf.train.load_variable(flags.FLAGS.ckpt, 'x')\n"
    + "".join(
        f"tf.train.load_variable({name!r}, 'x')\n"
        for name in ("other.ckpt", "m", "m.h5", "m.npz", ".", "m.safetensors", "m.keras", "m.pt")
    )
    + "tf.train.latest_checkpoint('.')\ntf.train.import_meta_graph('m.meta')\n"
)


def make_hostile_folder(folder: Path, kind: str) -> None:
    """A folder with one wrong name in `bad.py`, where everything else is no file."""
    make_folder(folder)
    (folder / "bad.py").write_text(CODE)
    (folder / ".git" / "info").mkdir(parents=True)
    for name in NAMES:
        SPECIAL[kind](folder / name)
