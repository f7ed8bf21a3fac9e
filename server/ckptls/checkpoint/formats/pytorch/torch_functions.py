"""The functions that PyTorch pickles call, beside those that make tensors.

Source: torch/_weights_only_unpickler.py (what `torch.load` allows), torch/fx/graph_module.py,
torch/jit/_pickle.py.
"""

from __future__ import annotations

from ckptls.checkpoint.core.problem import Problem
from ckptls.checkpoint.formats.pytorch.pickle_scanner import Pickle
from ckptls.checkpoint.formats.pytorch.torch_tensors import is_maker

# Functions that make a container of what their first argument holds.
CONTAINERS = frozenset(
    f"{module}.{name}"
    for module, names in {
        "collections": ("OrderedDict", "Counter", "deque", "UserDict", "UserList"),
        "torch.jit._pickle": ("build_tensorlist", "restore_type_tag"),
        "builtins": ("set", "frozenset", "list", "dict", "tuple"),
        "__builtin__": ("set", "frozenset", "list", "dict", "tuple"),
    }.items()
    for name in names
)
# Functions whose first argument is what a module had as its attributes.
MODULE_MAKERS = frozenset(
    f"torch.fx.graph_module.{name}"
    for name in ("reduce_graph_module", "reduce_package_graph_module", "reduce_deploy_graph_module")
)
# Functions that make no tensors, and do nothing but make what they are named for.
HARMLESS = frozenset((
    "_codecs.encode", "copy_reg._reconstructor", "copyreg._reconstructor", "torch.Size",
    "torch.device", "torch.serialization._get_layout", "torch.torch_version.TorchVersion",
    "uuid.UUID", "decimal.Decimal", "fractions.Fraction", "types.SimpleNamespace",
    "argparse.Namespace", "functools.partial", "collections.defaultdict",
    "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_doublelist",
    "torch.jit._pickle.build_boollist",
    *(f"{module}.{name}" for module in ("builtins", "__builtin__")
      for name in ("bytearray", "bytes", "complex", "range", "slice", "object", "xrange")),
    *(f"datetime.{name}" for name in ("date", "datetime", "time", "timedelta", "timezone")),
    *(f"pathlib.{system}{kind}" for system in ("", "Pure", "Posix", "Windows", "PurePosix",
                                               "PureWindows") for kind in ("Path",)),
    *(f"pathlib._local.{system}Path" for system in ("", "Posix", "Windows")),
    *(f"numpy.{name}" for name in ("dtype", "ndarray")),
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core")
      for name in ("_reconstruct", "scalar")),
    *(f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")),
    *(f"numpy.random._pickle.__{kind}_ctor" for kind in ("randomstate", "generator",
                                                         "bit_generator")),
))  # fmt: skip


def unknown_calls(pickle: Pickle) -> list[Problem]:
    """Return a problem that names the unknown functions a pickle calls, or an empty list."""
    known = (HARMLESS, CONTAINERS, MODULE_MAKERS)
    unknown = [
        name
        for name in pickle.called
        if not is_maker(name) and not any(name in names for names in known)
    ]
    if not unknown:
        return []
    others = f" and {len(unknown) - 1} more unknown functions" if unknown[1:] else ""
    what = (
        f"loading it would call `{shown(unknown[0])}`{others}; what a call returns is not "
        "listed, only the tensors among its arguments"
    )
    return [Problem("unknown-call", what)]


def shown(name: str) -> str:
    """The name of a function as it is printed: short, without control characters."""
    text = name[:200]
    return text if text.isprintable() else text.encode("unicode_escape").decode()
