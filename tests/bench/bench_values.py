"""How fast values are read, as ratios in one and the same run.

    python tests/bench/bench_values.py [--only FORMAT,FORMAT]

`checkpoint.read` in a loop, `verify`, `show '*'` and `diff --values` on 10,000 variables, against
a plain loop that opens the file once with the format's own library and does the same to each
value: it reads it; for `show` it also makes the same statistics with NumPy, for `diff` it compares
two arrays. And `list_variables` of 100,000 against what the library lists. Both sides take turns
in one process for each format. What the same call takes for a file of one variable, such as the
start of h5py's process, is subtracted. The growth is that from 2,500 variables: 4 is linear.
Exit code 1 if a bound is missed. Formats whose library is not installed are left out, by name.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

import ckptls
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify
from ckptls.cli.main import main as ckptls_main

FEW, MANY = 2_500, 10_000
LISTED = 100_000
ROUNDS = 3
MOST = 2.0  # times the processor time of the plain loop
MOST_GROWTH = 6.0  # of processor time from FEW to MANY: linear is 4, quadratic 16
MOST_LISTED = {"safetensors": 2.0, "h5": 1.5}
SHAPE = (8, 16)

Values = dict[str, np.ndarray]
Named = Iterable[tuple[str, np.ndarray]]


@dataclass(frozen=True)
class Form:
    """A format: its library, and how that writes a file and goes through one."""

    library: str
    write: Callable[[str, Values], None]
    values: Callable[[str], Named]
    suffix: str = ""


def write_v2(path: str, values: Values) -> None:
    import tensorflow as tf

    names, tensors = list(values), list(values.values())
    tf.raw_ops.SaveV2(
        prefix=path, tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
    )


def write_v1(path: str, values: Values) -> None:
    import tensorflow as tf

    tf.raw_ops.Save(filename=path, tensor_names=list(values), data=list(values.values()))


def values_of_tensorflow(path: str) -> Named:
    import tensorflow as tf

    reader = tf.train.load_checkpoint(path)
    for name in reader.get_variable_to_shape_map():
        yield name, reader.get_tensor(name)


def write_h5(path: str | io.BytesIO, values: Values) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for name, value in values.items():
            file[name] = value


def write_weights(path: str | io.BytesIO, values: Values) -> None:
    """As Keras 3 lays weights out."""
    write_h5(path, {f"layers/dense_{name}/vars/0": value for name, value in values.items()})


def write_keras(path: str, values: Values) -> None:
    weights = io.BytesIO()
    write_weights(weights, values)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.0.0"}')
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", weights.getvalue())


def values_of_h5(path: Any) -> Named:
    import h5py

    with h5py.File(path, "r") as file:
        names: list[str] = []
        file.visititems(
            lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None
        )
        for name in names:
            yield name, file[name][()]


def values_of_keras(path: str) -> Named:
    with zipfile.ZipFile(path) as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    yield from values_of_h5(weights)


def write_safetensors(path: str, values: Values) -> None:
    from safetensors.numpy import save_file

    save_file(values, path)


def values_of_safetensors(path: str) -> Named:
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        for name in file.keys():  # noqa: SIM118
            yield name, file.get_tensor(name)


def write_npz(path: str, values: Values) -> None:
    with open(path, "wb") as file:
        np.savez(file, allow_pickle=False, **values)


def values_of_npz(path: str) -> Named:
    with np.load(path) as file:
        for name in file.files:
            yield name, file[name]


def write_torch(path: str, values: Values, *, is_new: bool = True) -> None:
    import torch

    tensors = {name: torch.from_numpy(value) for name, value in values.items()}
    torch.save(tensors, path, _use_new_zipfile_serialization=is_new)


def write_old_torch(path: str, values: Values) -> None:
    write_torch(path, values, is_new=False)


def values_of_torch(path: str) -> Named:
    import torch

    for name, value in torch.load(path, weights_only=True).items():
        yield name, value.numpy()


def write_orbax(path: str, values: Values) -> None:
    import orbax.checkpoint as ocp

    ocp.PyTreeCheckpointer().save(path, values)


def values_of_orbax(path: str) -> Named:
    import orbax.checkpoint as ocp

    yield from ocp.PyTreeCheckpointer().restore(path).items()


FORMS = {
    "V2": Form("tensorflow", write_v2, values_of_tensorflow),
    "V1": Form("tensorflow", write_v1, values_of_tensorflow, ".ckpt"),
    "h5": Form("h5py", write_h5, values_of_h5, ".h5"),
    "weights.h5": Form("h5py", write_weights, values_of_h5, ".weights.h5"),
    "keras": Form("h5py", write_keras, values_of_keras, ".keras"),
    "safetensors": Form("safetensors", write_safetensors, values_of_safetensors, ".safetensors"),
    "npz": Form("numpy", write_npz, values_of_npz, ".npz"),
    "PyTorch": Form("torch", write_torch, values_of_torch, ".pt"),
    "old PyTorch": Form("torch", write_old_torch, values_of_torch, ".pth"),
    "Orbax": Form("orbax", write_orbax, values_of_orbax),
}


def read_all(path: str, other: str) -> None:
    with ckptls.open(path) as checkpoint:
        for name in checkpoint:
            checkpoint.read(name)


def verify_all(path: str, other: str) -> None:
    report = verify(locate(path))
    assert report.is_sound, report.problems


def run_command(*words: str) -> None:
    """One command in this process, with what it prints thrown away."""
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        assert ckptls_main([*words]) in (0, 1)


def show_all(path: str, other: str) -> None:
    run_command("show", path, "*", "--format", "text")


def diff_all(path: str, other: str) -> None:
    run_command("diff", path, other, "--values", "--format", "text")


def plain_read(values: Callable[[str], Named], path: str, other: str) -> None:
    for _ in values(path):
        pass


def plain_show(values: Callable[[str], Named], path: str, other: str) -> None:
    for _, value in values(path):
        is_finite = np.isfinite(value)
        finite = value[is_finite]
        np.isnan(value).sum()
        np.isinf(value).sum()
        np.count_nonzero(value == 0)
        finite.min().item()
        finite.max().item()
        finite.mean(dtype=np.float64)
        finite.std(dtype=np.float64)
        np.histogram(finite, 16)
        value[:5, :6].tolist()


def plain_diff(values: Callable[[str], Named], path: str, other: str) -> None:
    for (_, one), (_, two) in zip(values(path), values(other), strict=True):
        np.array_equal(one, two, equal_nan=True)


JOBS = {
    "read": (read_all, plain_read),
    "verify": (verify_all, plain_read),
    "show": (show_all, plain_show),
    "diff": (diff_all, plain_diff),
}


@dataclass(frozen=True)
class Time:
    """Seconds of processor time, with that of processes that have ended, and by the clock."""

    cpu: float
    wall: float

    def __sub__(self, other: Time) -> Time:
        return Time(max(self.cpu - other.cpu, 1e-6), max(self.wall - other.wall, 1e-6))


def now() -> Time:
    # In microseconds, where os.times() counts hundredths of a second.
    own, ended = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
    return Time(cpu, time.perf_counter())


def fastest(calls: list[Callable[[], object]], rounds: int = ROUNDS) -> list[Time]:
    """The least of each call; they take turns."""
    least = [Time(1e9, 1e9)] * len(calls)
    for _ in range(rounds):
        for place, call in enumerate(calls):
            start = now()
            call()
            taken = now() - start
            best = least[place]
            least[place] = Time(min(best.cpu, taken.cpu), min(best.wall, taken.wall))
    return least


def random_values(count: int) -> Values:
    noise = np.random.default_rng(0).standard_normal((count, *SHAPE)).astype(np.float32)
    return {f"layer_{i // 10:04d}_w_{i % 10}": value.copy() for i, value in enumerate(noise)}


def written(form: Form, folder: str, count: int) -> tuple[str, str]:
    """Two files of which one value in a hundred differs."""
    values = random_values(count)
    path = os.path.join(folder, f"m{count}{form.suffix}")
    other = os.path.join(folder, f"o{count}{form.suffix}")
    form.write(path, values)
    changed = {
        name: value + 1 if place % 100 == 7 else value
        for place, (name, value) in enumerate(values.items())
    }
    form.write(other, changed)
    return path, other


def compare(name: str, form: Form, folder: str) -> Iterator[bool]:
    """Print a line for each job; whether its bounds hold."""
    one, few, many = (written(form, folder, count) for count in (1, FEW, MANY))
    for job, (ours, plain) in JOBS.items():
        calls: list[Callable[[], object]] = []
        for paths in (one, few, many):
            calls += [partial(ours, *paths), partial(plain, form.values, *paths)]
        start, plain_start, *rest, last, plain_last = fastest(calls)
        our_time, plain_time = last - start, plain_last - plain_start
        growth = our_time.cpu / (rest[0] - start).cpu
        ratio = our_time.cpu / plain_time.cpu
        is_met = ratio <= MOST and growth <= MOST_GROWTH
        print(
            f"{name:12} {job:7} cpu {our_time.cpu:6.2f} s, {ratio:5.2f} times the library's"
            f" (wall {our_time.wall / plain_time.wall:5.2f}), growth {growth:4.1f}"
            f"{'' if is_met else '   MISSED'}",
            flush=True,
        )
        yield is_met


def list_safetensors(path: str) -> None:
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        [(name, file.get_slice(name).get_shape()) for name in file.keys()]  # noqa: SIM118


def list_h5(path: str) -> None:
    import h5py

    found: list[tuple[str, tuple[int, ...]]] = []
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, each: (
                found.append((name, each.shape)) if isinstance(each, h5py.Dataset) else None
            )
        )


LISTS = {"safetensors": list_safetensors, "h5": list_h5}


def compare_lists(name: str, form: Form, folder: str) -> bool:
    """The same for the listing of many variables."""
    paths = []
    for count in (1, LISTED):
        value = np.zeros(1, np.float32)
        values = {f"g{i // 50}/t{i % 50}": value for i in range(count)}
        paths.append(os.path.join(folder, f"l{count}{form.suffix}"))
        form.write(paths[-1], values)
    calls: list[Callable[[], object]] = []
    for path in paths:
        calls += [partial(ckptls.list_variables, path), partial(LISTS[name], path)]
    start, plain_start, ours, plain = fastest(calls)
    ratio = (ours - start).cpu / (plain - plain_start).cpu
    wall = (ours - start).wall / (plain - plain_start).wall
    is_met = ratio <= MOST_LISTED[name]
    print(
        f"{name:12} list    cpu {ours.cpu:6.2f} s, {ratio:5.2f} times the library's"
        f" (wall {wall:5.2f}), at most {MOST_LISTED[name]}{'' if is_met else '   MISSED'}",
        flush=True,
    )
    return is_met


def run_one(name: str) -> int:
    """All of one format, in this process."""
    form = FORMS[name]
    with tempfile.TemporaryDirectory() as folder:
        are_met = list(compare(name, form, folder))
        if name in LISTS:
            are_met.append(compare_lists(name, form, folder))
    return 0 if all(are_met) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(FORMS), help="formats, separated by commas")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    names = args.only.split(",")
    if args.here:
        return run_one(names[0])
    missed = 0
    for name in names:
        if find_spec(FORMS[name].library) is None:
            print(f"{name:12} left out: {FORMS[name].library} is not installed", flush=True)
            continue
        command = [sys.executable, str(Path(__file__)), "--here", "--only", name]
        missed |= subprocess.run(command, check=False).returncode
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
