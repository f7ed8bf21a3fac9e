"""The table of formats is open: a row from outside makes a format known everywhere."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ckptls
from ckptls.checkpoint.core.errors import CheckpointDamaged, VariableNotFound
from ckptls.checkpoint.core.types import Format
from ckptls.checkpoint.data_locations import placements, places
from ckptls.checkpoint.formats import registry
from ckptls.checkpoint.formats.detection import may_be_in, prefixes_in
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify
from ckptls.cli.main import main
from support.toy_format import ENTRY, FULL_ENTRY, TOY


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[str]:
    """A toy file, while the toy format is registered."""
    registry.register(ENTRY)
    path = tmp_path / "m.toy"
    path.write_text("TOY\na 1 2\nb/c 3\n")
    yield str(path)
    del registry.FORMATS[TOY]


def test_toy_format_is_listed_and_read(toy: str) -> None:
    with ckptls.open(toy) as checkpoint:
        assert (checkpoint.format, list(checkpoint)) == (TOY, ["a", "b/c"])
        assert checkpoint["a"].shape == (2,)
        assert checkpoint.layers[0].variables == ("a", "b/c")
        assert checkpoint.read("a").tolist() == [1, 2]
        with pytest.raises(VariableNotFound):
            checkpoint.read("d")
    assert ckptls.list_names(toy) == ["a", "b/c"]
    assert np.array_equal(ckptls.load_variable(toy, "b/c"), [3])


def test_toy_format_is_found_in_a_directory_and_by_a_scan(toy: str) -> None:
    directory = str(Path(toy).parent)
    assert locate(directory).prefix == toy
    assert prefixes_in(directory) == (toy,)
    assert may_be_in(["m.toy"])


def test_toy_format_is_verified_and_located(toy: str) -> None:
    report = verify(locate(toy))
    assert (report.problems, report.tensors, report.size_bytes) == ([], 2, 12)
    checkpoint = ckptls.open(toy)
    assert [each.path for each in places(checkpoint, checkpoint["a"])] == [toy]
    assert placements(checkpoint)["a"].path == toy
    Path(toy).write_text("TOY\na x\n")
    assert [each.code for each in verify(locate(toy)).problems] == ["damaged"]
    with pytest.raises(CheckpointDamaged, match="not a number"):
        ckptls.open(toy)


def test_toy_format_has_its_own_verifier_and_locator(toy: str) -> None:
    registry.register(FULL_ENTRY)
    assert [each.what for each in verify(locate(toy)).notes] == ["a toy was verified"]
    checkpoint = ckptls.open(toy)
    assert places(checkpoint, checkpoint["a"])[0].offset_bytes == 4
    assert placements(checkpoint)["b/c"].num_bytes == 8


def test_ls_and_verify_print_a_toy_file(toy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", toy, "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in listed] == ["a", "b/c"]
    assert main(["verify", toy]) == 0
    assert "2 tensors verified" in capsys.readouterr().out


def test_toy_file_is_unknown_without_its_row(toy: str) -> None:
    del registry.FORMATS[TOY]
    try:
        with pytest.raises(ckptls.CheckpointError):
            ckptls.open(toy)
    finally:
        registry.register(ENTRY)


@pytest.mark.parametrize("form", registry.FORMATS, ids=lambda form: form.value)
def test_row_names_modules_that_offer_their_functions(form: Format) -> None:
    row = registry.FORMATS[form]
    for module, functions in (
        (row.lists, ["read"]),
        (row.reads, ["open_values"]),
        (row.locates, ["places", "placements"]),
        (row.verifies, ["verify"]),
    ):
        for function in functions:
            assert callable(registry.function_of(f"{module}:{function}"))
    for name in (row.recognizes, row.recognizes_late, row.in_directory, row.at_directory):
        assert not name or callable(registry.function_of(name))
    assert bool(row.in_directory) == bool(row.at_directory) == bool(row.marks)


def test_format_stays_one_object_in_copies() -> None:
    assert Format("V2") is Format.V2
    assert pickle.loads(pickle.dumps(Format.V2)) is Format.V2
    assert copy.deepcopy(Format.V2) is Format.V2
    assert Format("another") is not Format.V2
