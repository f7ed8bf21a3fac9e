"""From what a person has in hand to one checkpoint, or to an error that helps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import ckptls
from checkpoint import crafted
from checkpoint.crafted import FLOAT
from ckptls.checkpoint.core.errors import (
    CheckpointAmbiguous,
    CheckpointDamaged,
    CheckpointNotFound,
    CheckpointUnreadable,
    CheckpointUnsupported,
)
from ckptls.checkpoint.layout.directory_files import (
    find_checkpoints,
    has_table_footer,
    is_checkpoint_name,
)
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.names.natural_order import natural_order
from support.problems import sentences


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that paths in the tests are relative to."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_v2(*prefixes: str) -> None:
    for prefix in prefixes:
        path = Path(f"{prefix}.index")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(crafted.index([(Path(prefix).name, FLOAT, [1])]))


def write_v1(*paths: str) -> None:
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(crafted.v1([(Path(path).name, FLOAT, [1])]))


def write_state(directory: str, path: str) -> None:
    Path(directory, "checkpoint").write_text(f'model_checkpoint_path: "{path}"\n')


def prefix_of(path: str) -> str:
    """The prefix that a path leads to, after its checkpoint was really opened."""
    checkpoint = ckptls.open(path)
    assert len(checkpoint)
    return checkpoint.prefix


@pytest.mark.parametrize(
    "given",
    [
        "run/m-1",
        "run/m-1.index",
        "run/m-1.meta",
        "run/m-1.data-00000-of-00002",
        "./run//m-1",
        "run",
        "run/",
    ],
)
def test_a_lone_v2_checkpoint_is_found_from_any_of_its_names(folder: Path, given: str) -> None:
    write_v2("run/m-1")
    Path("run/m-1.data-00000-of-00002").touch()
    assert os.path.normpath(prefix_of(given)) == "run/m-1"


def test_a_path_object_is_as_good_as_text(folder: Path) -> None:
    write_v2("m")
    assert ckptls.open(folder / "m").prefix == str(folder / "m")


def test_a_directory_of_the_same_name_as_a_prefix_does_not_hide_it(folder: Path) -> None:
    write_v2("d/ck")
    Path("d/ck").mkdir()
    assert prefix_of("d/ck") == "d/ck"


def test_a_state_file_says_which_of_several(folder: Path) -> None:
    write_v2("run/m-1", "run/m-2")
    write_state("run", "m-1")
    checkpoint = ckptls.open("run")
    assert checkpoint.prefix == "run/m-1"
    assert checkpoint.files == ("run/m-1.index", "run/checkpoint")
    assert sentences(checkpoint) == ()
    assert prefix_of("run/checkpoint") == "run/m-1"


def test_a_moved_directory_is_read_beside_its_state_file_and_says_so(folder: Path) -> None:
    write_v2("run/m-1")
    write_state("run", "/cns/old/place/m-1")
    checkpoint = ckptls.open("run")
    assert checkpoint.prefix == "run/m-1"
    assert "/cns/old/place/m-1" in sentences(checkpoint)[0]


def test_the_absolute_path_of_the_checkpoint_itself_is_no_problem(folder: Path) -> None:
    write_v2("run/m-1")
    write_state("run", str(folder / "run/m-1"))
    assert sentences(ckptls.open("run")) == ()


def test_a_state_file_may_name_a_path_below_its_directory(folder: Path) -> None:
    write_v2("run/sub/m-1")
    write_state("run", "sub/m-1")
    assert prefix_of("run") == "run/sub/m-1"


@pytest.mark.parametrize("stated", ["../secret/m-1", "{folder}/secret/m-1", "link/m-1"])
def test_a_state_file_cannot_lead_out_of_its_directory(folder: Path, stated: str) -> None:
    write_v2("secret/m-1")
    Path("run").mkdir()
    Path("run/link").symlink_to(folder / "secret")
    write_state("run", stated.format(folder=folder))
    with pytest.raises(CheckpointNotFound, match="outside of its directory; to read that one"):
        locate("run")


def test_a_state_file_that_names_nothing_tells_what_there_is(folder: Path) -> None:
    write_v2("run/m-5")
    write_state("run", "m-9")
    with pytest.raises(
        CheckpointNotFound, match=r"names `m-9`, which is not there; there is `run/m-5`"
    ):
        locate("run")


def test_a_state_file_that_is_not_valid_counts_for_nothing(folder: Path) -> None:
    write_v2("run/m-5")
    Path("run/checkpoint").write_text("model_checkpoint_path: 5")
    assert prefix_of("run") == "run/m-5"


def test_a_directory_of_several_without_a_state_file_is_ambiguous(folder: Path) -> None:
    write_v2("run/m-10", "run/m-9")
    with pytest.raises(CheckpointAmbiguous) as caught:
        locate("run")
    assert caught.value.candidates == ("run/m-9", "run/m-10")
    assert str(caught.value) == (
        "`run` holds 2 checkpoints and no state file that says which; "
        "name one of `run/m-9`, `run/m-10`"
    )


def test_unfinished_files_are_no_checkpoints(folder: Path) -> None:
    write_v2("run/m-1")
    for name in ("m-2.index.tempstate123", "m-3.index.tmp0af", "checkpoint.tmp99"):
        Path("run", name).write_bytes(b"half")
    write_v2("run/m-4_temp/part-00000-of-00001")
    assert find_checkpoints("run") == ("run/m-1",)


@pytest.mark.parametrize("given", ["export", "export/variables", "export/saved_model.pb"])
def test_a_saved_model_is_read_from_its_variables(folder: Path, given: str) -> None:
    write_v2("export/variables/variables")
    Path("export/saved_model.pb").touch()
    assert prefix_of(given) == "export/variables/variables"


def test_a_saved_model_without_variables_says_so(folder: Path) -> None:
    Path("export").mkdir()
    Path("export/saved_model.pb").touch()
    with pytest.raises(CheckpointNotFound, match="SavedModel `export` has no variables"):
        locate("export")


def test_a_v1_file_is_found_by_name_and_in_its_directory(folder: Path) -> None:
    write_v1("run/vgg_16.ckpt")
    assert prefix_of("run/vgg_16.ckpt") == "run/vgg_16.ckpt"
    assert prefix_of("run") == "run/vgg_16.ckpt"


def test_a_v1_file_of_any_name_is_found_by_the_graph_beside_it(folder: Path) -> None:
    write_v1("run/model-1", "run/notes")
    Path("run/model-1.meta").touch()
    assert find_checkpoints("run") == ("run/model-1",)


@pytest.mark.parametrize("given", ["m", "m-?????-of-00003", "m-?????-of-?????", "m-*", "."])
def test_all_shards_of_a_v1_checkpoint_are_read(folder: Path, given: str) -> None:
    write_v1(*(f"m-{i:05d}-of-00003" for i in range(3)))
    checkpoint = ckptls.open(given)
    assert len(checkpoint) == 3
    assert os.path.normpath(checkpoint.prefix) == "m-?????-of-00003"
    assert sentences(checkpoint) == ()


def test_missing_shards_are_a_problem_not_an_error(folder: Path) -> None:
    write_v1("m-00001-of-00003")
    checkpoint = ckptls.open("m")
    assert len(checkpoint) == 1
    assert sentences(checkpoint)[0].startswith("only 1 of 3 shards are here")


def test_one_shard_by_name_is_only_itself_and_says_so(folder: Path) -> None:
    write_v1("m-00000-of-00002", "m-00001-of-00002")
    checkpoint = ckptls.open("m-00000-of-00002")
    assert checkpoint.names == ("m-00000-of-00002",)
    assert sentences(checkpoint) == (
        "this is one shard of 2; the variables in the others are not listed",
    )


def test_a_state_file_may_name_the_shards_of_a_v1_checkpoint(folder: Path) -> None:
    write_v1("run/m-00000-of-00002", "run/m-00001-of-00002", "run/x-00000-of-00001")
    write_state("run", "m-?????-of-00002")
    assert len(ckptls.open("run")) == 2


def test_shards_in_two_counts_are_ambiguous(folder: Path) -> None:
    write_v1("m-00000-of-00002", "m-00000-of-00003")
    with pytest.raises(CheckpointAmbiguous) as caught:
        locate("m")
    assert caught.value.candidates == ("m-?????-of-00002", "m-?????-of-00003")


def test_an_unfinished_v1_file_is_not_what_a_pattern_means(folder: Path) -> None:
    write_v1("m-1", "m-1.tempstate99")
    assert ckptls.open("m-*").names == ("m-1",)


def test_a_state_file_of_more_than_a_megabyte_counts_for_nothing(folder: Path) -> None:
    write_v2("run/m-1", "run/m-2")
    text = 'model_checkpoint_path: "m-1"\n#'
    Path("run/checkpoint").write_text(text + "x" * ((1 << 20) - len(text)))
    assert prefix_of("run") == "run/m-1"
    Path("run/checkpoint").write_text(text + "x" * (1 << 20))
    with pytest.raises(CheckpointAmbiguous):
        locate("run")


def test_a_pattern_that_fits_several_offers_them(folder: Path) -> None:
    write_v2("m-1", "m-2", "n-1")
    with pytest.raises(CheckpointAmbiguous) as caught:
        locate("m-*")
    assert caught.value.candidates == ("m-1", "m-2")


def test_a_pattern_that_fits_one_is_that_one(folder: Path) -> None:
    write_v2("m-1", "n-1")
    assert prefix_of("m*") == "m-1"


def test_a_pattern_that_fits_nothing_is_not_found(folder: Path) -> None:
    write_v2("m-1")
    with pytest.raises(CheckpointNotFound):
        locate("q*")


WRONG_PATHS = [
    ("run/model.ckpt", "no checkpoint `model.ckpt` in `run/`; did you mean `model.ckpt-100`?"),
    ("run/modle.ckpt-9", "no checkpoint `modle.ckpt-9` in `run/`; did you mean `model.ckpt-9`?"),
    (
        "run/zzz",
        "no checkpoint `zzz` in `run/`; name one of `run/model.ckpt-9`, `run/model.ckpt-100`",
    ),
    ("run/model.ckpt-50", "no checkpoint `model.ckpt-50` in `run/`; its steps there are 9 and 100"),
    ("one/m-7", "no checkpoint `m-7` in `one/`; its only step there is 1"),
    (
        "many/m-55",
        "no checkpoint `m-55` in `many/`; of its 10 steps there the nearest are"
        " 30, 40, 50, 60 and 70",
    ),
    (
        "one/model.ckpt-9",
        "no checkpoint `model.ckpt-9` in `one/`; did you mean `run/model.ckpt-9`?",
    ),
    ("model.ckpt-9", "no checkpoint `model.ckpt-9` in `./`; did you mean `run/model.ckpt-9`?"),
    ("rum/x", "no checkpoint `rum/x`: there is no directory `rum`; did you mean `run`?"),
    ("run/no/m", "no checkpoint `run/no/m`: there is no directory `run/no`"),
    ("run/note.txt/m", "no checkpoint `run/note.txt/m`: `run/note.txt` is a file, no directory"),
    ("empty/x", "no checkpoint `x` in `empty/`; no checkpoint at all is there"),
    ("empty", "no checkpoint in the directory `empty/`"),
    ("served", "no checkpoint in the directory `served/`; name one of `served/1`, `served/2`"),
    (
        "one/m-1/",
        "no checkpoint `one/m-1/`: with the slash it would be a directory; did you mean `one/m-1`?",
    ),
    ("dangling", "`dangling` is a link to `gone/m`, which is not there"),
    ("linked", "`linked.index` is a link to `gone/m.index`, which is not there"),
    (
        "dangling/m",
        "no checkpoint `dangling/m`: `dangling` is a link to `gone/m`, which is not there",
    ),
    ("~/m", "no checkpoint `~/m`: `~` in a path is for the shell to replace; did you mean `{}/m`?"),
    ("~/x", "no checkpoint `~/x`: `~` in a path is for the shell to replace"),
    ("r*n/m", "no checkpoint `r*n/m`: there is no directory `r*n`; did you mean `run`?"),
    ("one/q*", "no checkpoint `q*` in `one/`; there is `one/m-1`"),
    ("one/m-[1]", "no checkpoint `m-[1]` in `one/`; did you mean `m-1`?"),
    ("", "a path without a name cannot be a checkpoint"),
    ("a\0b", "a path without a name cannot be a checkpoint"),
]


@pytest.mark.parametrize(("given", "sentence"), WRONG_PATHS, ids=[path for path, _ in WRONG_PATHS])
def test_a_wrong_path_is_told_what_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, given: str, sentence: str
) -> None:
    home = folder / "home"
    monkeypatch.setenv("HOME", str(home))
    write_v2("run/model.ckpt-9", "run/model.ckpt-100", "one/m-1", str(home / "m"))
    write_v2(*(f"many/m-{step}" for step in range(10, 101, 10)))
    write_v2("served/1/variables/variables", "served/2/variables/variables")
    for version in "12":
        Path("served", version, "saved_model.pb").touch()
    Path("empty").mkdir()
    Path("run/note.txt").touch()
    Path("dangling").symlink_to("gone/m")
    Path("linked.index").symlink_to("gone/m.index")
    with pytest.raises(CheckpointNotFound) as caught:
        locate(given)
    assert str(caught.value) == sentence.format(home)


def test_other_steps_are_candidates_the_nearest_first(folder: Path) -> None:
    write_v2("m-1", "m-20", "m-7", "n-8")
    with pytest.raises(CheckpointNotFound) as caught:
        locate("m-8")
    assert caught.value.candidates == ("m-7", "m-1", "m-20", "n-8")


@pytest.fixture
def unprivileged(folder: Path) -> Iterator[None]:
    """As somebody whom permissions bind; the superuser reads everything."""
    is_root = os.geteuid() == 0
    folder.chmod(0o755)
    ckptls.open  # noqa: B018  what is imported later may not be readable then

    if is_root:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)


@pytest.mark.parametrize("given", ["closed/m", "closed", "closed/in/m", "m"])
def test_what_permissions_hide_is_told_from_what_is_not_there(
    folder: Path, request: pytest.FixtureRequest, given: str
) -> None:
    write_v2("closed/in/m", "closed/m", "m")
    Path("m.index").chmod(0)
    Path("closed").chmod(0)
    request.getfixturevalue("unprivileged")
    with pytest.raises(CheckpointUnreadable, match="Permission denied"):
        locate(given) and ckptls.open(given)


def test_a_link_that_leads_in_a_circle_is_no_endless_matter(folder: Path) -> None:
    Path("loop").symlink_to("loop")
    with pytest.raises(CheckpointUnreadable, match="Too many levels"):
        locate("loop/m")


IN_HAND = {
    "V2": ["d/m-1", "d/m-1.index", "d/m-1.data-00000-of-00001", "d/m-1.meta", "d", "d/checkpoint"],
    "V1": ["d/m-1", "d/m-1.meta", "d", "d/checkpoint"],
    "sharded V1": ["d/m-1", "d/m-1.meta", "d/m-1-?????-of-00002", "d/m-1-*", "d", "d/checkpoint"],
    "SavedModel": ["d", "d/saved_model.pb", "d/variables", "d/variables/variables.index"],
    "called checkpoint": ["d/checkpoint", "d/checkpoint.index", "d", "d/checkpoint.meta"],
}


@pytest.mark.parametrize(
    ("kind", "given"), [(kind, path) for kind, paths in IN_HAND.items() for path in paths]
)
def test_a_checkpoint_opens_by_whatever_is_in_hand(folder: Path, kind: str, given: str) -> None:
    if kind in ("V2", "V1", "sharded V1"):
        prefix = "d/m-1"
        if kind == "V2":
            write_v2(prefix)
            Path(f"{prefix}.data-00000-of-00001").touch()
        elif kind == "V1":
            write_v1(prefix)
        else:
            prefix = "d/m-1-?????-of-00002"
            write_v1("d/m-1-00000-of-00002", "d/m-1-00001-of-00002")
        Path("d/m-1.meta").touch()
        write_state("d", prefix.removeprefix("d/"))
    elif kind == "SavedModel":
        prefix = "d/variables/variables"
        write_v2(prefix)
        Path("d/saved_model.pb").touch()
    else:
        prefix = "d/checkpoint"
        write_v2(prefix)
        Path(f"{prefix}.meta").touch()
    assert prefix_of(given) == prefix


def test_a_wrong_directory_comes_with_the_whole_path_put_right(folder: Path) -> None:
    write_v2("runs/best/m-1")
    with pytest.raises(CheckpointNotFound) as caught:
        locate("runs/bets/m-1")
    assert caught.value.candidates == ("runs/best/m-1",)


def test_a_directory_above_checkpoints_tells_where_they_are(folder: Path) -> None:
    write_v2("run/ckpts/m-1")
    with pytest.raises(CheckpointNotFound, match="there is `run/ckpts/m-1`"):
        locate("run")


def test_data_without_its_index_is_told_from_nothing(folder: Path) -> None:
    Path("m.data-00000-of-00001").touch()
    with pytest.raises(CheckpointNotFound, match=r"is there, but not its index `m\.index`"):
        locate("m.data-00000-of-00001")


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (b"GGUF\3\0\0\0", "a GGUF file"),
        (b"\x80\x04\x95", "a Python pickle"),
        (b"version https://git-lfs.github.com/spec/v1", "`git lfs pull`"),
    ],
)
def test_files_of_other_kinds_are_named(folder: Path, head: bytes, sentence: str) -> None:
    Path("m.ckpt").write_bytes(head + b"\0" * 100)
    with pytest.raises(CheckpointUnsupported, match=sentence):
        ckptls.open("m.ckpt")


def test_any_other_file_is_no_checkpoint(folder: Path) -> None:
    Path("notes.txt").write_text("nothing that ends as a table does, of more than 48 bytes")
    with pytest.raises(CheckpointUnsupported, match=r"notes\.txt: it is a text file; download"):
        ckptls.open("notes.txt")


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo("m")
    with pytest.raises(CheckpointUnreadable, match="not a regular file"):
        ckptls.open("m")


def test_a_damaged_index_is_named_with_the_place(folder: Path) -> None:
    write_v2("m")
    data = bytearray(Path("m.index").read_bytes())
    data[0] ^= 1
    Path("m.index").write_bytes(data)
    with pytest.raises(CheckpointDamaged) as caught:
        ckptls.open("m")
    assert str(caught.value) == "m.index: a block does not match its checksum (at byte 0)"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("m.index", True),
        (".index", False),
        ("vgg_16.ckpt", True),
        ("model.ckpt-100", True),
        ("m-00000-of-00003", True),
        ("model.ckpt-100.meta", False),
        ("model.ckpt.data-00000-of-00001", False),
        ("m.index.tempstate77", False),
        ("m.index.tmp1f", False),
        ("checkpoint", False),
        ("train.py", False),
    ],
)
def test_a_name_tells_whether_a_file_may_be_a_checkpoint(name: str, is_one: bool) -> None:
    assert is_checkpoint_name(name) is is_one


def test_a_v1_file_is_known_by_its_end(folder: Path) -> None:
    write_v1("a.ckpt")
    Path("b.ckpt").write_bytes(b"x" * 100)
    Path("c.ckpt").write_bytes(crafted.MAGIC)
    assert [has_table_footer(f"{name}.ckpt") for name in "abcd"] == [True, False, False, False]


def test_steps_are_ordered_as_numbers() -> None:
    names = ["m-10", "m-9", "m", "m-9b", "l-99"]
    assert sorted(names, key=natural_order) == ["l-99", "m", "m-9", "m-9b", "m-10"]


def test_a_directory_that_is_not_there_holds_no_checkpoints(folder: Path) -> None:
    assert find_checkpoints("nowhere") == ()
