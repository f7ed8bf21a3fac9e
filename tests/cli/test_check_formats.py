"""`ckptls check`: SARIF and GitHub, notebooks in every format, statistics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli.checking import BAD, HEAD, check, make_folder, notebook

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.json").read_text("utf-8"))
MESSAGE = (
    "`vgg_16/fc8/weigths` is not in checkpoint `vgg_16.ckpt`; did you mean `vgg_16/fc8/weights`?"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path)
    cells = ("%%time\n" + HEAD, "!ls \\\n  -l\né = '😀'; " + BAD)
    (folder / "a.ipynb").write_text(notebook(*cells), "utf-8")
    return folder


def sarif(folder: Path, *arguments: str) -> Any:
    """The one run of a log that fits the schema."""
    log = json.loads(check(folder, "--format", "sarif", *arguments).stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    return run


def test_sarif_fits_its_schema_and_tells_all(folder: Path) -> None:
    run = sarif(folder, "bad.py")
    (result,) = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "unknown-variable"
    assert (result["level"], result["message"]["text"]) == ("error", MESSAGE)
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "bad.py"
    region = {"startLine": 2, "startColumn": 40, "endLine": 2, "endColumn": 58}
    assert place["region"] == region
    replacement = result["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert replacement["deletedRegion"] == region
    assert replacement["insertedContent"]["text"] == "vgg_16/fc8/weights"


def test_sarif_of_nothing_and_of_trouble_fits_too(folder: Path) -> None:
    assert sarif(folder, "good.py")["results"] == []
    (folder / "b.ipynb").write_text("{ tensorflow")
    (invocation,) = sarif(folder)["invocations"]
    assert not invocation["executionSuccessful"]
    (told,) = invocation["toolExecutionNotifications"]
    assert "`b.ipynb` is not a valid notebook" in told["message"]["text"]


def test_sarif_places_in_a_notebook_are_places_in_its_file(folder: Path) -> None:
    (result,) = sarif(folder, "a.ipynb")["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    line = (folder / "a.ipynb").read_text("utf-8").split("\n")[region["startLine"] - 1]
    units = line.encode("utf-16-le")[
        2 * (region["startColumn"] - 1) : 2 * (region["endColumn"] - 1)
    ]
    assert units.decode("utf-16-le") == "vgg_16/fc8/weigths"
    assert result["properties"]["cell"] == 2


def test_paths_in_sarif_are_addresses(folder: Path) -> None:
    (folder / "a b%.py").write_text(HEAD + BAD)
    (result,) = sarif(folder, "a b%.py")["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "a%20b%25.py"


def test_github_is_told_in_its_commands(folder: Path) -> None:
    (folder / "a,b.py").write_text(HEAD + BAD)
    done = check(folder, "--format", "github", "a,b.py")
    assert (done.returncode, done.stdout) == (
        1,
        "::error file=a%2Cb.py,line=2,endLine=2,col=40,endColumn=58,"
        f"title=ckptls (unknown-variable)::{MESSAGE}\n",
    )


def test_github_is_told_the_line_of_the_file_and_the_cell(folder: Path) -> None:
    written = check(folder, "--format", "github", "a.ipynb").stdout
    lines = (folder / "a.ipynb").read_text("utf-8").split("\n")
    number = next(index for index, line in enumerate(lines, 1) if "weigths" in line)
    assert f"line={number}," in written
    assert f"::cell 3, line 3: {MESSAGE}" in written


def test_text_counts_cells_from_one_and_json_from_zero(folder: Path) -> None:
    assert check(folder, "a.ipynb").stdout == (
        f"a.ipynb:cell 3:3:49: error [unknown-variable] {MESSAGE}\n"
    )
    (found,) = json.loads(check(folder, "--format", "json", "a.ipynb").stdout)
    assert (found["path"], found["cell"]) == ("a.ipynb", 2)
    # Characters count UTF-16 units: the emoji takes two.
    assert found["range"]["start"] == {"line": 2, "character": 49}


def test_statistics_count_by_rule(folder: Path) -> None:
    done = check(folder, "--statistics", "bad.py", "a.ipynb")
    assert done.stdout.splitlines()[-1] == "2  unknown-variable  error  2 fixable"
    done = check(folder, "--statistics", "--format", "json", "bad.py")
    assert len(json.loads(done.stdout)) == 1
    assert "1  unknown-variable" in done.stderr


@pytest.mark.parametrize("data", [b"{ tensorflow", b"\xff tensorflow", b'{"a": "tensorflow"}'])
def test_a_notebook_that_cannot_be_read_is_a_sentence_and_the_others_go_on(folder, data) -> None:
    (folder / "b.ipynb").write_bytes(data)
    done = check(folder)
    assert done.returncode == 2
    assert done.stderr.count("`b.ipynb` is not a valid notebook: ") == 1
    assert "Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_a_large_notebook_is_checked(folder: Path) -> None:
    output = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"image/png": "A\n" * 2_000_000},
    }
    cell = {"cell_type": "code", "metadata": {}, "outputs": [output], "source": HEAD + BAD}
    (folder / "large.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4}))
    assert "large.ipynb:cell 1:2:40" in check(folder, "large.ipynb").stdout


def test_sarif_offers_changes_outside_the_quotes_too(folder: Path) -> None:
    code = "slim.get_variables_to_restore(exclude='vgg_16/fc8')\n"
    (folder / "list.py").write_text("import tf_slim as slim\n" + code, "utf-8")
    (result,) = sarif(folder, "list.py")["results"]
    assert result["ruleId"] == "not-a-list"
    assert result["fixes"][0]["description"]["text"] != "Change to 'vgg_16/fc8'"
    replacement = result["fixes"][0]["artifactChanges"][0]["replacements"][0]
    start = replacement["deletedRegion"]["startColumn"] - 1
    end = replacement["deletedRegion"]["endColumn"] - 1
    fixed = code[:start] + replacement["insertedContent"]["text"] + code[end:]
    assert fixed == "slim.get_variables_to_restore(exclude=['vgg_16/fc8'])\n"
