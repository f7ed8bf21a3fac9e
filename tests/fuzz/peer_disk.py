"""A project on the disk, and what may happen to it while an editor is open."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

from checkpoint import crafted

EXAMPLE = Path(__file__).parents[2] / "examples" / "vgg16" / "ckpts" / "vgg_16.ckpt.index"
UTILS = "import tensorflow as tf\nPATH = 'vgg_16.ckpt'\ndef load(path, name):\n"
UTILS += "    return tf.train.load_variable(path, name)\n"
CALLER = "import utils\nutils.load('small.ckpt', 'net/layer_1/kernel')\n"
BINARY = bytes(range(256)) * 20 + b"\nimport tensorflow as tf\n\xff\xfe\x00"
# What may be replaced, truncated, deleted, or have a folder or a link put in its place.
TOUCHED = (
    *("small.ckpt.index", "small.ckpt.index", "vgg_16.ckpt.index", "checkpoint", "utils.py"),
    *("caller.py", "ckptls.toml", "pyproject.toml", "new.ckpt.index", "binary.py"),
)
HAPPENINGS = ("replace", "replace", "overwrite", "truncate", "delete", "folder", "loop")
TOMLS = ("", "remote = 3\n", "[bindings]\n'*.py' = 'small.ckpt'\n", "[[[", "exclude = ['models']\n")


def make(folder: Path) -> None:
    """The project as it is at first."""
    folder.mkdir()
    shutil.copy(EXAMPLE, folder / "vgg_16.ckpt.index")
    (folder / "small.ckpt.index").write_bytes(_index(2))
    (folder / "checkpoint").write_text('model_checkpoint_path: "small.ckpt"\n')
    (folder / "utils.py").write_text(UTILS)
    (folder / "caller.py").write_text(CALLER)
    (folder / "binary.py").write_bytes(BINARY)
    (folder / "dir.py").mkdir()
    (folder / "models").mkdir()
    shutil.copy(EXAMPLE, folder / "models" / "vgg_16.ckpt.index")
    for link, target in (("loop", "."), ("self.py", "self.py"), ("gone.ckpt.index", "nowhere")):
        (folder / link).symlink_to(target)
    (folder / "models" / "up").symlink_to("..")


def _index(count: int) -> bytes:
    return crafted.index([(f"net/layer_{i}/kernel", crafted.FLOAT, [i, 2]) for i in range(count)])


def happen(folder: Path, name: str, what: str, size: int) -> None:
    """One thing that happens to one file, whatever stands there."""
    path = folder / name
    if what == "truncate" and path.is_file():
        with path.open("r+b") as stream:
            stream.truncate(size)
        return
    beside = folder / f"{name}.new"
    if what == "replace":
        beside.write_bytes(_content(name, size))
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        os.replace(beside, path)
        return
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    if what == "folder":
        path.mkdir()
    elif what == "loop":
        path.symlink_to(name)
    elif what == "overwrite":
        path.write_bytes(_content(name, size))


def _content(name: str, size: int) -> bytes:
    if name == "vgg_16.ckpt.index" and size % 2:
        return EXAMPLE.read_bytes()
    if name.endswith(".index"):
        return _index(1 + size % 9)
    if name.endswith(".toml"):
        return TOMLS[size % len(TOMLS)].encode()
    if name == "checkpoint":
        return b'model_checkpoint_path: "%s"\n' % (b"small.ckpt", b"new.ckpt", b"\xff")[size % 3]
    whole = (UTILS if name == "utils.py" else CALLER).encode()
    return whole if size % 2 else whole[: size % len(whole)] + BINARY[size % 99 :]


def chance(random: Random) -> tuple[str, str, int]:
    """What happens, and to which file."""
    what = random.choice(
        ("replace", "replace", "overwrite", "truncate", "delete", "folder", "loop")
    )
    return random.choice(TOUCHED), what, random.randint(0, 500)
