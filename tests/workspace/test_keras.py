"""Which Keras runs, from all that may say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckptls.workspace.keras_version import (
    FactsReader,
    KerasVersion,
    chosen_environment,
    keras_of,
)
from ckptls.workspace.requirements import constraint

LOCKED = '[[package]]\nname = "keras"\nversion = "{}"\n'


def version(
    folder: Path,
    library: str = "keras",
    *,
    file: str = "train.py",
    text: str = "",
    setting: int | None = None,
    environment: Path | None = None,
) -> KerasVersion:
    facts = FactsReader().read(str(folder), (), None, str(environment) if environment else None)
    return keras_of(library, setting, text, str(folder / file), facts)


def write(folder: Path, **files: str) -> None:
    """`__` in a keyword stands for a dot, `_in_` for a slash."""
    for name, text in files.items():
        path = folder / name.replace("__", ".").replace("_in_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def install(environment: Path, name: str, number: str) -> Path:
    """An environment that has a package; the metadata alone, as pip writes it."""
    packages = environment / "lib" / "python3.11" / "site-packages"
    info = packages / f"{name}-{number}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return environment


FILES = {
    "requirements": ("requirements.txt", "numpy\nkeras>=3.1  # of today\n", 3),
    "old requirements": ("requirements-gpu.txt", "tensorflow_gpu==2.4.1 ; python_version<'3.9'", 2),
    "a folder of them": ("requirements/base.in", "keras ~= 2.15.0\n", 2),
    "extras": ("requirements.txt", "tensorflow[and-cuda]>=2.16,<2.19 \\\n  --hash=sha256:0\n", 3),
    "constraints": ("constraints.txt", "tensorflow<2.16\n", 2),
    "pyproject": ("pyproject.toml", '[project]\ndependencies = ["keras>=3"]\n', 3),
    "an extra": ("pyproject.toml", '[project.optional-dependencies]\ntf = ["tensorflow==2.12"]', 2),
    "a group": ("pyproject.toml", '[dependency-groups]\ndev = ["keras<3"]\n', 2),
    "poetry": ("pyproject.toml", '[tool.poetry.dependencies]\nkeras = "^3.0"\n', 3),
    "poetry, a table": (
        "pyproject.toml",
        '[tool.poetry.group.ml.dependencies]\ntensorflow = {version = "~2.10", extras = ["x"]}\n',
        2,
    ),
    "Pipfile": ("Pipfile", '[packages]\ntensorflow = "==2.9.*"\n', 2),
    "conda": ("environment.yml", "dependencies:\n  - python=3.9\n  - tensorflow=2.10=gpu_1\n", 2),
    "pip in conda": ("environment.yaml", "dependencies:\n  - pip:\n    - 'keras>=3'\n", 3),
    "uv": ("uv.lock", LOCKED.format("3.4.1"), 3),
    "Poetry's lock": ("poetry.lock", LOCKED.format("2.13.1"), 2),
    "PDM": ("pdm.lock", LOCKED.format("3.0.0"), 3),
    "Pipenv": ("Pipfile.lock", '{"default": {"tensorflow": {"version": "==2.8.0"}}}', 2),
    "pylock": ("pylock.toml", LOCKED.replace("package", "packages").format("3.1.0"), 3),
    "no bound": ("requirements.txt", "tensorflow>=2.4\nkeras\n", None),
    "another package": ("requirements.txt", "keras-tuner==1.4\ntensorflow-hub==0.16\n", None),
    "a file that is no TOML": ("pyproject.toml", "keras = [[[", None),
    "markers that differ": (
        "requirements.txt",
        "keras<3; python_version<'3.9'\nkeras>=3; python_version>='3.9'\n",
        None,
    ),
}


@pytest.mark.parametrize(("name", "text", "major"), FILES.values(), ids=FILES)
def test_a_version_is_pinned(tmp_path, name, text, major):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    for library in ("keras", "tensorflow.keras"):
        found = version(tmp_path, library)
        assert found.major == major
        assert major is None or name in found.reason


def test_nothing_says_it(tmp_path):
    assert version(tmp_path, text="import keras\n").major is None
    assert version(tmp_path, "tensorflow.keras").major is None


def test_the_module_says_it_whatever_else_does(tmp_path):
    write(tmp_path, requirements__txt="keras>=3\n")
    assert version(tmp_path, "tf_keras").major == 2
    assert version(tmp_path, "tf_keras", setting=3).major == 2


def test_the_setting_goes_before_code_and_pins(tmp_path):
    write(tmp_path, requirements__txt="keras>=3\n")
    assert version(tmp_path, setting=2) == KerasVersion(2, "the setting `keras` is 2")


@pytest.mark.parametrize(
    ("line", "major"),
    [
        ('os.environ["TF_USE_LEGACY_KERAS"] = "1"', 2),
        ("os.environ['TF_USE_LEGACY_KERAS']='True'", 2),
        ('os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")', 2),
        ('os.environ.update({"TF_USE_LEGACY_KERAS": "1"})', 2),
        ('os.putenv("TF_USE_LEGACY_KERAS", "true")', 2),
        ("%env TF_USE_LEGACY_KERAS=1", 2),
        ("%env TF_USE_LEGACY_KERAS 1", 2),
        ('os.environ["TF_USE_LEGACY_KERAS"] = "0"', 3),
        ('# os.environ["TF_USE_LEGACY_KERAS"] = "1"', 3),
        ('os.environ["TF_USE_LEGACY_KERAS"] = str(args.legacy)', None),
        ('if os.environ.get("TF_USE_LEGACY_KERAS", "0") == "1":', None),
        ('legacy = os.getenv("TF_USE_LEGACY_KERAS")', None),
        ('assert os.environ["TF_USE_LEGACY_KERAS"] == "1"', None),
    ],
)
def test_the_code_chooses_for_tensorflow(tmp_path, line, major):
    write(tmp_path, requirements__txt="tensorflow==2.18\n")
    assert version(tmp_path, "tensorflow.keras", text=f"import os\n{line}\n").major == major
    assert version(tmp_path, "keras", text=f"import os\n{line}\n").major == 3


def test_other_files_may_choose_for_tensorflow(tmp_path):
    write(tmp_path, requirements__txt="tensorflow==2.18\n", pkg_in_x__py="import keras\n")
    assert version(tmp_path, "tensorflow.keras").major == 3
    write(tmp_path, pkg_in_x__py='os.environ["TF_USE_LEGACY_KERAS"] = "1"\n')
    found = version(tmp_path, "tensorflow.keras")
    assert found.major is None
    assert "x.py" in found.reason
    assert version(tmp_path, "keras").major == 3


def test_a_project_that_asks_for_tf_keras_may_use_it_as_tf_dot_keras(tmp_path):
    write(tmp_path, requirements__txt="tensorflow==2.18\ntf-keras==2.18\n")
    assert version(tmp_path, "tensorflow.keras").major is None
    assert version(tmp_path, "keras").major == 3


def test_a_lock_lists_tf_keras_for_others(tmp_path):
    more = '[[package]]\nname = "{}"\nversion = "2.18.0"\n'
    write(tmp_path, uv__lock=more.format("tensorflow") + more.format("tf-keras"))
    assert version(tmp_path, "tensorflow.keras").major == 3


def test_the_nearest_pins_count(tmp_path):
    write(tmp_path, requirements__txt="keras>=3\n", old_in_requirements__txt="tensorflow==2.13\n")
    assert version(tmp_path, file="train.py").major == 3
    assert version(tmp_path, file="old/deep/train.py").major == 2
    assert version(tmp_path, file="new/train.py").major == 3


def test_pins_that_contradict_each_other_say_nothing(tmp_path):
    write(tmp_path, requirements__txt="keras<3\n", uv__lock=LOCKED.format("3.1.0"))
    assert version(tmp_path).major is None


def test_pins_above_the_folder_count_up_to_the_base(tmp_path):
    write(tmp_path, requirements__txt="keras>=3\n", src_in_train__py="")
    facts = FactsReader().read(str(tmp_path / "src"), (), str(tmp_path), None)
    assert keras_of("keras", None, "", str(tmp_path / "src" / "train.py"), facts).major == 3


def test_the_interpreter_counts_last(tmp_path):
    environment = install(tmp_path / "chosen", "keras", "3.4.0")
    found = version(tmp_path, environment=environment)
    assert found == KerasVersion(3, f"keras 3.4.0 is installed in {environment}")
    program = environment / "bin" / "python"
    program.parent.mkdir()
    program.write_text("")
    assert version(tmp_path, environment=program).major == 3
    write(tmp_path, requirements__txt="keras<3\n")
    assert version(tmp_path, environment=environment).major == 2


def test_an_environment_in_the_folder_is_chosen_if_no_other_is(tmp_path):
    install(tmp_path / ".venv", "tensorflow_cpu", "2.15.1")
    assert version(tmp_path, "tensorflow.keras").major == 2
    other = install(tmp_path / "other", "tensorflow", "2.18.0")
    assert version(tmp_path, "tensorflow.keras", environment=other).major == 3


def test_what_a_shell_has_activated_is_chosen():
    assert chosen_environment({"VIRTUAL_ENV": "/a", "CONDA_PREFIX": "/b"}) == "/a"
    assert chosen_environment({"CONDA_PREFIX": "/b"}) == "/b"
    assert chosen_environment({}) is None


@pytest.mark.parametrize(
    ("written", "sides"),
    [
        ("==2.15", "below"), ("<2.16", "below"), ("<=2.15.1", "below"), ("~=2.15.0", "below"),
        (">=1.15,<2.16", "below"), ("=2.10", "below"), ("2.10", "below"), ("2.10|2.11", "below"),
        (">=2.16", "above"), ("==2.16.0rc0", "above"), (">=2.16, !=2.17", "above"), ("^3", "above"),
        (">=2.4", "above below"), ("~= 2.4", "above below"), ("^2.10", "above below"),
        ("*", "above below"), ("<=2.16", "above below"), ("!=2.15", "above below"),
        ("", "above below"),
    ],
)  # fmt: skip
def test_on_which_side_of_a_version_a_constraint_is(written, sides):
    found = set().union(*(each.sides((2, 16)) for each in constraint(written)))
    assert " ".join(sorted(found)) == sides
