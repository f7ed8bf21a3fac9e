"""`ckptls check`: which files are checked, with which rules, and in how many processes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.checking import BAD, GOOD, HEAD, check, make_folder, notebook, paths
from cli.command import on_a_terminal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        path = f"'{folder.as_posix()}/vgg_16.ckpt'"
        (folder / name).write_text(HEAD + BAD.replace("'vgg_16.ckpt'", path))


def test_what_git_ignores_is_not_checked(folder: Path) -> None:
    write(
        folder, "build/a.py", "lib/a.py", "lib/b_pb2.py", "lib/sub/keep_pb2.py", "lib/sub/out/c.py"
    )
    (folder / ".gitignore").write_text("# made\nbuild/\n*_pb2.py\n[broken\n")
    (folder / "lib" / "sub" / ".gitignore").write_text("!keep_pb2.py\n/out\n")
    assert paths(folder) == ["bad.py", "lib/a.py", "lib/sub/keep_pb2.py"]
    assert "build/a.py" in paths(folder, "--no-gitignore")
    assert paths(folder, "lib/b_pb2.py", "build") == ["lib/b_pb2.py", "build/a.py"]


def test_ignores_of_the_repository_above_count(folder: Path) -> None:
    write(folder, "src/a.py", "src/gen/b.py", "src/c.py")
    (folder / ".git" / "info").mkdir(parents=True)
    (folder / ".git" / "info" / "exclude").write_text("c.py\n")
    (folder / ".gitignore").write_text("/src/gen\n")
    assert paths(folder, "src") == ["src/a.py"]
    assert paths(folder, "src/gen") == ["src/gen/b.py"]


CONFIGURATIONS = {
    "in the home": ("home/.gitconfig", "[core]\n\texcludesFile = ~/ignore\n"),
    "in the configuration folder": (
        "xdg/git/config",
        '# mine\n[user]\nname = x\n[Core]\nEXCLUDESFILE = "~/ignore" ; everywhere\n',
    ),
    "on one line": ("home/.gitconfig", "[core] excludesfile = ~/ignore # everywhere\n"),
    "included": ("home/.gitconfig", "[include]\npath = more\n"),
    "of the repository": ("work/.git/config", "[core]\nexcludesFile = ../home/ignore\n"),
    "of nobody": ("xdg/git/ignore", "made.py\nlib/*.py\n!lib/kept.py\n"),
    "of another section": ("home/.gitconfig", '[core "x"]\nexcludesFile = ~/ignore\n'),
    "taken back": (
        "work/.git/config",
        "[core]\nexcludesFile = ../home/ignore\n[core]\nexcludesFile =\n",
    ),
}


@pytest.mark.parametrize(("name", "content"), CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_what_git_ignores_everywhere_is_what_git_says_of_it(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / "work").mkdir()
    folder = make_folder(tmp_path / "work")
    files = ["lib/a.py", "lib/kept.py", "made.py", "sub/made.py", "wanted.py"]
    write(folder, *files)
    (folder / ".gitignore").write_text("!wanted.py\n")
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "ignore").write_text("made.py\nwanted.py\nlib/*.py\n!lib/kept.py\n")
    (tmp_path / "home" / "more").write_text("[core]\nexcludesFile = ~/ignore\n")
    place = tmp_path / name
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as file:
        file.write(content)
    home = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    home["GIT_CONFIG_NOSYSTEM"] = "1"
    asked = subprocess.run(
        ["git", "check-ignore", *files],
        cwd=folder,
        env=os.environ | home,
        capture_output=True,
        text=True,
        check=False,
    )
    ignored = asked.stdout.split()
    assert ("made.py" in ignored) == (name != "home/.gitconfig" or '"x"' not in content) * (
        "excludesFile =\n" not in content
    )
    kept = sorted(set(files) - set(ignored))
    found = json.loads(check(folder, "--format", "json", **home).stdout)
    assert sorted({each["path"] for each in found} - {"bad.py"}) == kept


def test_what_git_ignores_everywhere_counts_in_repositories_alone(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    folder = make_folder(tmp_path / "work")
    (tmp_path / "git").mkdir()
    (tmp_path / "git" / "ignore").write_text("bad.py\n")
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert check(folder, **home).returncode == 1
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    assert check(folder, **home).returncode == 0
    assert check(folder, "--no-gitignore", **home).returncode == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_file_that_is_too_large_is_told_and_no_error(folder: Path, form: str) -> None:
    large = HEAD + BAD + "#" + "x" * 2_000_000 + "\n"
    (folder / "bad.py").write_text(large)
    done = check(folder, "--format", form)
    assert done.returncode == 0
    assert "`bad.py` is skipped: it has more than 2 MB of code" in done.stderr
    assert "good.py" not in done.stderr
    assert form != "text" or done.stderr.endswith("nothing found, 1 file checked, 1 skipped\n")
    counted = check(folder, "--statistics").stdout
    assert counted == "1  too large to check\n"
    assert check(folder, "-", "--fix", stdin=large.encode()).stdout == large


KERAS = """import keras
model = keras.models.load_model("w.h5")
model.get_layer("anything")
"""


def test_a_checkpoint_that_lacks_a_library_is_told_and_counted(tmp_path: Path) -> None:
    """Where h5py cannot be imported, nothing is known of `.h5` files."""
    import h5py

    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = [b"dense"]
    (tmp_path / "k.py").write_text(KERAS)
    (tmp_path / "again.py").write_text(KERAS)
    assert check(tmp_path).returncode == 1  # with the library: weights alone
    without = tmp_path / "without" / "h5py"
    without.mkdir(parents=True)
    (without / "__init__.py").write_text("raise ImportError\n")
    done = check(tmp_path, "k.py", "again.py", PYTHONPATH=str(without.parent))
    assert done.returncode == 0
    said = "checkpoint `w.h5` is not read: h5py is needed to read it, and not installed"
    assert done.stderr.count(said) == 1
    assert "pip install 'ckptls[hdf5]'" in done.stderr
    assert done.stderr.endswith("nothing found, 2 files checked, 1 checkpoint not read\n")
    counted = check(tmp_path, "--statistics", "k.py", PYTHONPATH=str(without.parent)).stdout
    assert counted == "1  checkpoints not read\n"


def test_addresses_that_may_not_be_read_and_files_beyond_the_limits_are_told(
    tmp_path: Path,
) -> None:
    code = (
        'tf.train.load_variable("s3://bucket/a.ckpt", "w")\ntf.keras.models.load_model("big.h5")\n'
    )
    (tmp_path / "train.py").write_text(HEAD + code)
    with open(tmp_path / "big.h5", "wb") as file:
        file.write((1 << 30).to_bytes(8, "little") + b'{"w":')
        file.truncate(2 << 30)  # a hole: next to nothing is on the disk
    done = check(tmp_path)
    assert done.returncode == 0
    assert "`s3://bucket/a.ckpt` is not read: it is on another machine" in done.stderr
    assert "`big.h5` is not read: " in done.stderr
    assert "2 checkpoints not read" in done.stderr
    (tmp_path / "train.py").write_text(HEAD + 'tf.train.load_variable("gone.ckpt", "w")\n')
    assert "not read" not in check(tmp_path).stderr


def test_a_large_file_without_tensorflow_or_just_small_enough_is_not_told(folder: Path) -> None:
    (folder / "data.py").write_text("x = 1\n#" + "x" * 2_000_000 + "\n")
    rest = 2_000_000 - len(HEAD + BAD)
    (folder / "bad.py").write_text(HEAD + BAD + "#" * (rest - 1) + "\n")
    done = check(folder)
    assert done.returncode == 1
    assert "not read" not in done.stderr
    assert "skipped" not in done.stderr


def test_the_setting_exclude_is_relative_to_the_project(folder: Path) -> None:
    write(folder, "src/third_party/a.py", "src/b.py")
    (folder / "ckptls.toml").write_text('exclude = ["src/third_party", "bad.py"]\n')
    assert paths(folder) == paths(folder, "src") == ["src/b.py"]
    named = ("bad.py", "src/third_party/a.py")
    assert paths(folder, *named) == list(named)
    assert paths(folder, "--force-exclude", *named) == []


def test_standard_input_is_taken_for_a_file(folder: Path) -> None:
    write(folder, "sub/a.py")
    (folder / "ckptls.toml").touch()
    done = check(folder, "-", stdin=(HEAD + BAD).encode())
    assert done.stdout.startswith("stdin.py:2:40: error")
    named = check(folder, "-", "--stdin-filename", "sub/x.py", stdin=(HEAD + BAD).encode())
    assert (named.returncode, named.stdout) == (1, done.stdout.replace("stdin.py", "sub/x.py"))
    text = notebook(HEAD + BAD).encode()
    assert (
        "x.ipynb:cell 2:2:40"
        in check(folder, "-", "--stdin-filename", "x.ipynb", stdin=text).stdout
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--select", "unknown-varable"],
            "unknown rule `unknown-varable`; did you mean `unknown-variable`?",
        ),
        (
            ["--ignore", "unknown-scope,xyz"],
            "unknown rule `xyz`; expected one of assignment-map-form, ",
        ),
        (["-", "bad.py"], "cannot be combined with other paths"),
        (["--stdin-filename", "a.py"], "requires the path `-`"),
        (["--diff", "--format", "json"], "`--diff` prints code"),
        (["--jobs", "0"], "at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(folder: Path, arguments: list[str], said: str) -> None:
    done = check(folder, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_rules_are_chosen_on_the_command_line(folder: Path) -> None:
    assert paths(folder, "--select", "unknown-scope,shape-mismatch") == []
    assert paths(folder, "--select", "unknown-scope", "--select", "unknown-variable") == ["bad.py"]
    assert paths(folder, "--ignore", "unknown-variable") == []
    (folder / "ckptls.toml").write_text('ignore = ["unknown-variable"]\n')
    assert paths(folder) == []
    assert paths(folder, "--select", "unknown-variable") == ["bad.py"]
    (folder / "ckptls.toml").write_text('severity = { unknown-variable = "off" }\n')
    assert paths(folder, "--select", "unknown-variable") == ["bad.py"]


def test_processes_tell_the_same_in_the_same_order(folder: Path) -> None:
    for number in range(40):
        write(folder, f"package_{number % 4}/module_{number}.py")
    (folder / "package_1" / "b.ipynb").write_text("{ tensorflow")
    alone, together = check(folder, "-j1"), check(folder, "-j2")
    assert len(alone.stdout.splitlines()) == 41
    assert (alone.returncode, alone.stdout, alone.stderr) == (
        together.returncode,
        together.stdout,
        together.stderr,
    )


def test_processes_mend_as_one_does(folder: Path) -> None:
    write(folder, *(f"a/m{number}.py" for number in range(8)))
    assert check(folder, "-j2", "--fix").returncode == 0
    assert all("weights" in file.read_text() for file in (folder / "a").iterdir())


def test_a_file_that_brings_down_its_process_does_not_take_others_along(folder: Path) -> None:
    write(folder, *(f"a/m{number}.py" for number in range(6)))
    # A process that dies without a word, as one that the system kills does.
    (folder / "sitecustomize.py").write_text(
        "import os\n"
        "from ckptls.workspace import source_files\n"
        "read = source_files.source_file\n"
        "def dies(path, data):\n"
        "    return os._exit(9) if path.name == 'm3.py' else read(path, data)\n"
        "source_files.source_file = dies\n"
    )
    pythonpath = f"{folder}:{ROOT / 'server'}"
    done = check(folder, "-j2", "a", PYTHONPATH=pythonpath)
    assert done.returncode == 2
    assert "`a/m3.py` could not be checked: its process died" in done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        f"a/m{number}.py" for number in (0, 1, 2, 4, 5)
    ]


def test_an_error_of_our_own_in_one_file_does_not_stop_the_others(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(
        "from ckptls.source import document\n"
        "analysis = document.Document.analysis\n"
        "def fails(self):\n"
        "    return 1 / 0 if '# fail' in self.text else analysis(self)\n"
        "document.Document.analysis = fails\n"
    )
    (folder / "awry.py").write_text(HEAD + GOOD + "# fail\n")
    done = check(folder, "--format", "json", PYTHONPATH=f"{folder}:{ROOT / 'server'}")
    assert done.returncode == 2
    assert "`awry.py` could not be checked: internal error: ZeroDivisionError" in done.stderr
    assert '"path": "bad.py"' in done.stdout


def test_how_far_it_is_is_told_on_a_terminal_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sitecustomize.py").write_text(
        "from ckptls.cli.commands import check\n"
        "check._SECONDS_BEFORE_PROGRESS = check._SECONDS_BETWEEN = 0\n"
    )
    monkeypatch.chdir(folder)
    pythonpath = f"{folder}:{ROOT / 'server'}"
    shown = on_a_terminal("check", "good.py", "bad.py", exit_code=1, PYTHONPATH=pythonpath)
    assert "\r1 of 2 files\r2 of 2 files\r\x1b[K" in shown
    done = check(folder, "good.py", "bad.py", PYTHONPATH=pythonpath)
    assert "of 2 files" not in done.stdout + done.stderr


def test_a_file_of_two_paths_is_checked_once(folder: Path) -> None:
    assert paths(folder, "bad.py", ".", "./bad.py") == ["bad.py"]


def test_the_hook_of_pre_commit_runs(folder: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    command, name, *options = hook["entry"].split()
    assert (command, name, hook["language"]) == ("ckptls", "check", "python")
    assert set(hook["types_or"]) == {"python", "jupyter"}
    assert check(folder, *options, "good.py").returncode == 0
    assert check(folder, *options, "good.py", "bad.py").returncode == 1
