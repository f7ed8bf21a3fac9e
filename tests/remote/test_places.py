"""Every way to name a checkpoint leads to the same one on another machine as on this one."""

from __future__ import annotations

from pathlib import Path

import fsspec
import numpy as np
import pytest

import ckptls
from ckptls.checkpoint.core.errors import (
    CheckpointAmbiguous,
    CheckpointDamaged,
    CheckpointError,
    CheckpointIncomplete,
    CheckpointNotFound,
    CheckpointUnreachable,
    CheckpointUnsupported,
)
from remote.conftest import Bucket, files_of
from remote.servers import Request, Site

NAMES = [
    "run/model.ckpt-9",
    "run/model.ckpt-100.index",
    "run/model.ckpt-100.meta",
    "run/model.ckpt-100.data-00000-of-00001",
    "run",
    "run/",
    "run/checkpoint",
    "moved",
    "lone",
    "saved",
    "saved/saved_model.pb",
    "v1/vgg_16.ckpt",
    "v1/s.ckpt",
    "v1/s.ckpt-?????-of-00002",
    "v1/s.ckpt-00001-of-00002",
    "pair/*-2",
]


def agree(tree: Path, top: str, name: str) -> None:
    """The listing at `top`/`name` is that of the tree, and so is the prefix behind `top`."""
    here, there = ckptls.open(f"{tree}/{name}"), ckptls.open(f"{top}/{name}")
    assert list(there.variables()) == list(here.variables())
    assert there.format is here.format
    assert there.prefix.removeprefix(top) == here.prefix.removeprefix(str(tree))
    assert [p.replace(top, "") for p in there.files] == [
        p.replace(str(tree), "") for p in here.files
    ]
    assert [size for _, _, size, _ in there.stamp] == [size for _, _, size, _ in here.stamp]
    assert there.problems == here.problems


@pytest.mark.parametrize("name", NAMES)
def test_s3_is_read_as_the_disk_is(s3_tree: Bucket, tree: Path, name: str) -> None:
    agree(tree, "s3://bucket", name)


@pytest.mark.parametrize("name", NAMES)
def test_google_is_read_as_the_disk_is(
    google_tree: tuple[dict[str, bytes], list[Request]], tree: Path, name: str
) -> None:
    agree(tree, "gs://bucket", name)


@pytest.mark.parametrize("name", NAMES)
def test_memory_is_read_as_the_disk_is(tree: Path, name: str) -> None:
    memory = fsspec.filesystem("memory")
    for path, content in files_of(tree).items():
        memory.pipe_file(f"/places/{path}", content)
    try:
        agree(tree, "memory://places", name)
    finally:
        memory.rm("/places", recursive=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_web_server_that_lists_is_read_as_the_disk_is(
    web_tree: Site, tree: Path, name: str
) -> None:
    web_tree.pages |= {"/", "/run/", "/moved/", "/lone/", "/saved/", "/v1/", "/pair/"}
    agree(tree, web_tree.url, name)


# What only a listing tells: a lone checkpoint, the shards of one, what fits a pattern.
LISTED = ("lone", "v1/s.ckpt", "v1/s.ckpt-?????-of-00002", "pair/*-2")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LISTED])
def test_a_web_server_that_does_not_list_has_all_that_a_name_leads_to(
    web_tree: Site, tree: Path, name: str
) -> None:
    agree(tree, web_tree.url, name)


@pytest.mark.parametrize("name", LISTED)
def test_a_web_server_that_does_not_list_is_said_to_be_one(web_tree: Site, name: str) -> None:
    with pytest.raises(CheckpointNotFound, match="it lists no directories"):
        ckptls.open(f"{web_tree.url}/{name}")


def test_the_functions_that_mirror_tensorflow_take_addresses(s3_tree: Bucket) -> None:
    assert ckptls.list_variables("s3://bucket/run/model.ckpt-9") == [
        ("global_step", []),
        ("vgg_16/fc8/weights", [1, 1, 4096, 1000]),
    ]


def test_a_file_address_is_a_path_of_this_machine(tree: Path) -> None:
    checkpoint = ckptls.open(f"file://{tree}/run")
    assert checkpoint.prefix == f"{tree}/run/model.ckpt-100"


def test_a_file_system_may_stand_before_another(s3_tree: Bucket, tree: Path) -> None:
    agree(tree, "simplecache::s3://bucket", "run")


def test_another_bucket_of_the_state_file_is_not_read(s3_tree: Bucket) -> None:
    s3_tree.put("out/checkpoint", b'model_checkpoint_path: "s3://other/run/m-1"\n')
    with pytest.raises(CheckpointNotFound, match="which is outside of its directory"):
        ckptls.open("s3://bucket/out")
    assert not [r for r in s3_tree.requests if r.path.startswith("/other")]


@pytest.mark.parametrize("stated", ["../lone/m", "{tree}/lone/m", "file://{tree}/lone/m"])
def test_a_state_file_leads_nowhere_outside_its_directory(
    s3_tree: Bucket, tree: Path, stated: str
) -> None:
    text = f'model_checkpoint_path: "{stated.format(tree=tree)}"\n'
    s3_tree.put("out/checkpoint", text.encode())
    with pytest.raises(CheckpointNotFound, match="which is outside of its directory"):
        ckptls.open("s3://bucket/out")


def test_escaped_dots_of_a_state_file_lead_nowhere_either(web_tree: Site) -> None:
    web_tree.files["/out/checkpoint"] = b'model_checkpoint_path: "%2e%2e/lone/m"\n'
    with pytest.raises(CheckpointNotFound, match="which is outside of its directory"):
        ckptls.open(f"{web_tree.url}/out")
    assert not [r for r in web_tree.requests if r.path.startswith("/lone")]


def test_a_state_file_of_this_machine_leads_to_no_other(tree: Path, s3_tree: Bucket) -> None:
    (tree / "moved/checkpoint").write_text('model_checkpoint_path: "s3://bucket/lone/m"\n')
    with pytest.raises(CheckpointNotFound, match="which is outside of its directory"):
        ckptls.open(tree / "moved")
    assert not s3_tree.requests


def test_the_whole_address_of_the_checkpoint_itself_is_no_problem(s3_tree: Bucket) -> None:
    s3_tree.put("moved/checkpoint", b'model_checkpoint_path: "s3://bucket/moved/m-1"\n')
    assert ckptls.open("s3://bucket/moved").problems == ()


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [
        ("run/model.ckpt-10", CheckpointNotFound, "its steps there are 9 and 100"),
        ("rum/model", CheckpointNotFound, "did you mean `s3://bucket/run`?"),
        ("none", CheckpointNotFound, "no checkpoint `none` in `s3://bucket/`"),
        ("pair", CheckpointAmbiguous, "name one of `s3://bucket/pair/a-1`, `s3://bucket/pair/a-2`"),
        ("bad/m", CheckpointIncomplete, "s3://bucket/bad/m.index: 40 bytes are too few"),
        ("bad/c", CheckpointDamaged, "s3://bucket/bad/c.index: a block does not match"),
        ("saved/saved_model.pb.index", CheckpointNotFound, "no checkpoint"),
    ],
)
def test_what_is_wrong_is_told_as_on_the_disk(
    s3_tree: Bucket, name: str, kind: type[CheckpointError], part: str
) -> None:
    with pytest.raises(kind) as error:
        ckptls.open(f"s3://bucket/{name}")
    assert type(error.value) is kind
    assert part in str(error.value)


def test_a_bucket_that_is_not_there_is_said(s3_tree: Bucket) -> None:
    with pytest.raises(CheckpointNotFound, match=r"there is no `s3://elsewhere`"):
        ckptls.open("s3://elsewhere/run/m")


def test_a_directory_without_checkpoints_names_those_below(s3_tree: Bucket) -> None:
    with pytest.raises(CheckpointNotFound) as error:
        ckptls.open("s3://bucket")
    assert "s3://bucket/run/model.ckpt-100" in error.value.candidates


def test_nobody_knows_such_a_scheme() -> None:
    with pytest.raises(CheckpointUnreachable, match=r"fsspec knows no file system `foo://`"):
        ckptls.open("foo://bucket/m")


def test_a_file_within_an_archive_is_not_read() -> None:
    with pytest.raises(CheckpointUnsupported, match="inside an archive"):
        ckptls.open("zip://m.ckpt::s3://bucket/z.zip")


def test_other_formats_are_read_by_their_content(s3: Bucket, tmp_path: Path) -> None:
    from safetensors.numpy import save

    fixtures = Path(__file__).parents[1] / "checkpoint" / "fixtures"
    s3.put("hub/model.bin", save({"a.w": np.zeros((2, 3), np.float32)}))
    s3.put("hub/net.pt", (fixtures / "pytorch" / "module.pt").read_bytes())
    for key, content in files_of(fixtures / "orbax" / "database").items():
        s3.put(f"orbax/{key}", content)
    assert ckptls.list_variables("s3://bucket/hub/model.bin") == [("a.w", [2, 3])]
    for there, here in (("hub/net.pt", "pytorch/module.pt"), ("orbax", "orbax/database")):
        expected = ckptls.list_variables(fixtures / here)
        assert expected
        assert ckptls.list_variables(f"s3://bucket/{there}") == expected
