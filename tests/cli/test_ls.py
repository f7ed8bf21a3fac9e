"""The `ckptls` command and its `ls`, run as a person or a pipe runs them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT, INT64, STRING
from cli.command import ckptls_command, lines_of, on_a_terminal

VARIABLES = [
    ("global_step", INT64, []),
    ("labels", STRING, [2]),
    ("vgg_16/conv1/biases", FLOAT, [64]),
    ("vgg_16/conv1/weights", FLOAT, [3, 3, 3, 64]),
]
TEXT = """\
global_step           int64    []
labels                string   [2]
vgg_16/conv1/biases   float32  [64]
vgg_16/conv1/weights  float32  [3, 3, 3, 64]
"""


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    (tmp_path / "vgg_16.ckpt.index").write_bytes(crafted.index(VARIABLES))
    return str(tmp_path / "vgg_16.ckpt")


def test_a_pipe_gets_aligned_text(prefix: str) -> None:
    result = ckptls_command("ls", prefix)
    assert (result.returncode, result.stdout, result.stderr) == (0, TEXT, "")


def test_a_checkpoint_without_variables_is_said_to_have_none(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(crafted.index([]))
    result = ckptls_command("ls", str(tmp_path / "m"))
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"ckptls: {tmp_path / 'm'}: it contains no variables\n"


def test_json_is_one_array_sorted_by_name(prefix: str) -> None:
    result = ckptls_command("ls", prefix, "--format", "json")
    assert json.loads(result.stdout) == [
        {"name": "global_step", "dtype": "int64", "shape": []},
        {"name": "labels", "dtype": "string", "shape": [2]},
        {"name": "vgg_16/conv1/biases", "dtype": "float32", "shape": [64]},
        {"name": "vgg_16/conv1/weights", "dtype": "float32", "shape": [3, 3, 3, 64]},
    ]


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("*/weights", ["vgg_16/conv1/weights"]),
        ("vgg_16/*", ["vgg_16/conv1/biases", "vgg_16/conv1/weights"]),
        ("l?bels", ["labels"]),
        ("LABELS", []),
        ("conv1", []),
    ],
)
def test_a_glob_selects_whole_names(prefix: str, glob: str, names: list[str]) -> None:
    result = ckptls_command("ls", prefix, glob, "--format=json")
    assert [row["name"] for row in json.loads(result.stdout)] == names
    assert result.returncode == 0


def test_a_terminal_gets_a_table_with_totals(prefix: str) -> None:
    output = on_a_terminal("ls", prefix)
    assert "\x1b[" in output
    assert "vgg_16/conv1/weights" in output
    assert "1,728" in output
    assert "4 variables, 1,795 parameters, 7.18 kB in" in output


def test_no_colour_is_sent_to_those_who_want_none(prefix: str) -> None:
    output = on_a_terminal("ls", prefix, NO_COLOR="1")
    assert "[3, 3, 3, 64]" in output
    assert "\x1b[3" not in output


def test_a_table_can_be_asked_for_in_a_pipe(prefix: str) -> None:
    result = ckptls_command("ls", prefix, "*/weights", "--format", "table")
    assert "1 of 4 variables, 1,728 parameters" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_table_is_as_wide_as_its_columns(prefix: str) -> None:
    result = ckptls_command("ls", prefix, "vgg_16/*", "--format", "table", COLUMNS="80")
    assert lines_of(result.stdout) == [
        "name                  dtype    shape          parameters",
        "vgg_16/conv1/biases   float32  [64]                   64",
        "vgg_16/conv1/weights  float32  [3, 3, 3, 64]       1,728",
        f"2 of 4 variables, 1,792 parameters, 7.17 kB in {prefix}",
    ]


def test_colour_can_be_forced_upon_a_pipe(prefix: str) -> None:
    assert "\x1b[" in ckptls_command("ls", prefix, "--format", "table", FORCE_COLOR="1").stdout
    assert "\x1b[" not in ckptls_command("ls", prefix, FORCE_COLOR="1").stdout


def names_of(*arguments: str) -> list[str]:
    result = ckptls_command("ls", *arguments, "--format", "json")
    assert result.returncode == 0
    return [row["name"] for row in json.loads(result.stdout)]


def test_several_globs_select_what_any_of_them_does(prefix: str) -> None:
    assert names_of(prefix, "*weights", "global*", "*/weights") == [
        "global_step",
        "vgg_16/conv1/weights",
    ]


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("name", "global_step"),
        ("size", "vgg_16/conv1/weights"),
        ("parameters", "vgg_16/conv1/weights"),
        ("shape", "global_step"),
        ("dtype", "vgg_16/conv1/biases"),
    ],
)
def test_a_listing_is_sorted_by_what_is_asked(prefix: str, order: str, first: str) -> None:
    names = names_of(prefix, "--sort", order)
    assert names[0] == first
    assert sorted(names) == [name for name, *_ in VARIABLES]
    assert names_of(prefix, "--sort", order, "--reverse") == names[::-1]


def test_options_may_stand_before_between_and_behind(prefix: str) -> None:
    expected = ckptls_command("ls", prefix, "vgg*", "--names").stdout
    for arguments in (["--names", prefix, "vgg*"], [prefix, "--names", "vgg*"]):
        assert ckptls_command("ls", *arguments).stdout == expected
    missing = ckptls_command("ls", "--names")
    assert missing.returncode == 2
    assert missing.stderr.endswith("ckptls ls: error: the following arguments are required: CKPT\n")


def test_names_alone_are_one_a_line(prefix: str) -> None:
    result = ckptls_command("ls", prefix, "vgg*", "--names")
    assert result.stdout == "vgg_16/conv1/biases\nvgg_16/conv1/weights\n"
    assert on_a_terminal("ls", prefix, "vgg*", "--names") == result.stdout
    result = ckptls_command("ls", prefix, "vgg*", "--names", "--format", "json")
    assert json.loads(result.stdout) == ["vgg_16/conv1/biases", "vgg_16/conv1/weights"]


def test_totals_can_be_asked_for_in_text(prefix: str) -> None:
    assert ckptls_command("ls", prefix, "--totals").stdout == (
        TEXT + f"4 variables, 1,795 parameters, 7.18 kB in {prefix}\n"
    )


@pytest.fixture
def sound(tmp_path: Path) -> str:
    """A checkpoint of which the index says truly how many bytes each value takes."""
    floats = [each for each in VARIABLES if each[1] == FLOAT]
    (tmp_path / "vgg_16.ckpt.index").write_bytes(crafted.index(floats))
    return str(tmp_path / "vgg_16.ckpt")


def test_values_can_be_listed_in_the_order_in_which_they_lie(sound: str) -> None:
    in_order = ["vgg_16/conv1/biases", "vgg_16/conv1/weights"]
    assert names_of(sound, "--sort", "offset") == in_order
    assert names_of(sound, "--sort", "offset", "--reverse") == in_order[::-1]


def test_a_long_listing_tells_where_values_lie(sound: str) -> None:
    result = ckptls_command("ls", sound, "--long")
    assert result.stdout.splitlines() == [
        "vgg_16/conv1/biases   float32  [64]              64    256"
        "  vgg_16.ckpt.data-00000-of-00001",
        "vgg_16/conv1/weights  float32  [3, 3, 3, 64]  1,728  6,912"
        "  vgg_16.ckpt.data-00000-of-00001",
    ]
    result = ckptls_command("ls", sound, "*/weights", "--long", "--format", "json")
    assert json.loads(result.stdout) == [
        {
            "name": "vgg_16/conv1/weights",
            "dtype": "float32",
            "shape": [3, 3, 3, 64],
            "parameters": 1728,
            "bytes": 6912,
            "file": f"{sound}.data-00000-of-00001",
            "offset": 256,
            "full_name": None,
        }
    ]


def test_a_long_listing_of_shards_tells_which_holds_what(tmp_path: Path) -> None:
    for i in range(2):
        (tmp_path / f"m-0000{i}-of-00002").write_bytes(crafted.v1([(f"v{i}", FLOAT, [2])]))
    assert ckptls_command("ls", str(tmp_path / "m"), "--long").stdout.splitlines() == [
        "v0  float32  [2]  2  8  m-00000-of-00002",
        "v1  float32  [2]  2  8  m-00001-of-00002",
    ]


def test_slots_and_bookkeeping_can_be_left_out(tmp_path: Path) -> None:
    names = ["global_step", "w", "w/Adam", "w/Adam_1", "beta1_power"]
    (tmp_path / "m.index").write_bytes(crafted.index([(name, FLOAT, []) for name in names]))
    assert names_of(str(tmp_path / "m"), "--no-slots") == ["w"]


@pytest.mark.parametrize(
    ("glob", "reason"),
    [
        ("vgg_16/conv1", "it is a scope, whose variables are `vgg_16/conv1/*`"),
        ("vgg_16/conv1/weigths", "did you mean `vgg_16/conv1/weights`?"),
        ("vgg_61", "did you mean `vgg_16/*`?"),
        ("conv1/*", "but `*conv1/*` would: a pattern stands for the whole name"),
        ("nothing*", ""),
    ],
)
def test_a_pattern_that_selects_nothing_is_told_why(prefix: str, glob: str, reason: str) -> None:
    result = ckptls_command("ls", prefix, glob)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith(f"ckptls: no variable matches `{glob}`")
    assert reason in result.stderr


@pytest.mark.parametrize("shape", ["text", "table"])
def test_what_could_steer_a_terminal_is_escaped(tmp_path: Path, shape: str) -> None:
    names = ["bell\x07", "esc\x1b[31m", "line\nbreak", "rtl\u202e", "é"]
    (tmp_path / "m.index").write_bytes(crafted.index([(n, FLOAT, []) for n in names]))
    output = ckptls_command("ls", str(tmp_path / "m"), "--format", shape).stdout
    for shown in ("bell\\x07", "esc\\x1b[31m", "line\\nbreak", "rtl\\u202e", "é"):
        assert shown in output
    assert not set("\x07\x1b\u202e") & set(output)


def test_a_terminal_of_few_letters_gets_the_others_as_escapes(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(crafted.index([("é", FLOAT, [])]))
    result = ckptls_command("ls", str(tmp_path / "m"), PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (result.stdout, result.returncode) == ("\\xe9  float32  []\n", 0)


def test_missing_shards_are_told_beside_the_listing(tmp_path: Path) -> None:
    (tmp_path / "m-00000-of-00002").write_bytes(crafted.v1([("a", FLOAT, [1])]))
    result = ckptls_command("ls", str(tmp_path / "m"))
    assert result.stdout == "a  float32  [1]\n"
    assert "only 1 of 2 shards" in result.stderr


def test_what_could_steer_a_terminal_is_escaped_in_errors_too(tmp_path: Path) -> None:
    for step in (1, 2):
        (tmp_path / f"m\x1b[2J\n-{step}.index").write_bytes(crafted.index([]))
    result = ckptls_command("ls", str(tmp_path))
    assert result.returncode == 2
    assert "m\\x1b[2J\\n-1" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_wrong_path_is_one_line_and_exit_code_2(prefix: str) -> None:
    result = ckptls_command("ls", prefix[:-1])
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("ckptls: no checkpoint `vgg_16.ckp` in ")
    assert result.stderr.endswith("did you mean `vgg_16.ckpt`?\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["ls"], ["nonsense"], ["ls", "x", "--format", "xml"], ["--nonsense"], ["--", "ls"]],
)
def test_bad_usage_is_exit_code_2_and_no_traceback(arguments: list[str]) -> None:
    result = ckptls_command(*arguments)
    assert result.returncode == 2
    assert "usage: ckptls" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_command_the_help_is_shown() -> None:
    result = ckptls_command()
    assert result.returncode == 2
    assert result.stdout == ckptls_command("-h").stdout


def test_help_lists_the_commands() -> None:
    result = ckptls_command("--help")
    assert result.returncode == 0
    for command in ("ls", "tree", "diff", "latest", "check", "rule", "server"):
        assert f"    {command} " in result.stdout


def test_the_version_is_the_packages() -> None:
    assert ckptls_command("--version").stdout == f"ckptls {ckptls.__version__}\n"


def heed_interrupts() -> None:
    """What a shell starts in the background ignores them, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def long_listing(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An `ls` that has begun to print more than a pipe holds."""
    many = [(f"layer_{i}/weights", FLOAT, [i]) for i in range(20_000)]
    (tmp_path / "m.index").write_bytes(crafted.index(many))
    with subprocess.Popen(
        [sys.executable, "-m", "ckptls", "ls", str(tmp_path / "m")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        preexec_fn=heed_interrupts,  # noqa: PLW1509  no thread runs here
    ) as child:
        assert child.stdout is not None
        child.stdout.read(10)
        yield child


def test_a_reader_that_goes_away_is_no_error(long_listing: subprocess.Popen[bytes]) -> None:
    assert long_listing.stdout is not None
    long_listing.stdout.close()
    assert long_listing.wait(timeout=20) == 0
    assert long_listing.stderr is not None
    assert long_listing.stderr.read() == b""


def test_an_interrupt_ends_it_at_once_and_quietly(long_listing: subprocess.Popen[bytes]) -> None:
    long_listing.send_signal(signal.SIGINT)
    assert long_listing.wait(timeout=20) == 130
    assert long_listing.stderr is not None
    assert long_listing.stderr.read() == b""


def test_ls_in_a_pipe_loads_only_what_it_needs(prefix: str) -> None:
    code = "from ckptls.cli.main import main; import sys; main(['ls', sys.argv[1]]); "
    code += "print(*sys.modules, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", code, prefix], capture_output=True, text=True, check=True
    )
    assert result.stdout == TEXT
    loaded = set(result.stderr.split())
    assert "ckptls.cli.commands.ls" in loaded
    unwanted = (
        "tensorflow numpy rich pygls lsprotocol tree_sitter rapidfuzz logging asyncio json pathlib"
    )
    assert not loaded & set(unwanted.split())


@pytest.mark.parametrize("command", [["ls"], ["tree", "--depth=all"]])
@pytest.mark.parametrize("shape", ["text", "table", "json"])
def test_a_closed_pipe_is_no_error_whatever_is_printed(
    tmp_path: Path, command: list[str], shape: str
) -> None:
    many = [(f"layer_{i}/weights", FLOAT, [i]) for i in range(2_000)]
    (tmp_path / "m.index").write_bytes(crafted.index(many))
    arguments = [*command, str(tmp_path / "m"), f"--format={shape}"]
    with subprocess.Popen(
        [sys.executable, "-m", "ckptls", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.wait(timeout=60) == 0
        assert child.stderr.read() == b""
