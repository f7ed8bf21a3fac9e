"""Code and settings of a folder lead to other machines only where the user allows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from checkpoint import crafted
from checkpoint.crafted import FLOAT
from ckptls.lsp.protocol.client_capabilities import Client
from ckptls.lsp.session.session import Session
from ckptls.workspace.checkpoint_store import REMOTE_SECONDS, CheckpointStore
from ckptls.workspace.settings import Settings
from conftest import Project
from remote.conftest import SECRET, VARIABLES
from remote.servers import Site

WRONG = "tf.train.load_variable('{}', 'vgg_16/fc8/weigths')"


@pytest.fixture
def memory() -> Iterator[str]:
    """A checkpoint in fsspec's memory."""
    system = fsspec.filesystem("memory")
    system.pipe_file("/store/m.index", crafted.index(VARIABLES))
    yield "memory://store/m"
    system.rm("/store", recursive=True)


def test_an_address_in_code_is_unknown_as_long_as_nobody_allows_it(
    project: Project, memory: str
) -> None:
    project.checks(WRONG.format(memory))
    assert project.workspace.store.peek(memory) is None


def test_it_binds_where_the_setting_allows_it(project: Project, memory: str) -> None:
    project.settings(remote=True)
    project.checks(WRONG.format(memory) + "  # error: [unknown-variable] vgg_16/fc8/weights")


def test_no_server_is_asked_by_a_look_alone(project: Project, web_tree: Site) -> None:
    opened, _ = project.opened(WRONG.format(f"{web_tree.url}/lone/m"))
    project.settings(remote=True)
    binder = project.workspace.binder(opened, opened.document.analysis())
    bindings = [binder.bind(site) for site in binder.analysis.sites]
    assert {place for binding in bindings for place in binding.pending} == {
        f"{web_tree.url}/lone/m"
    }
    assert not web_tree.requests


def test_hover_says_that_it_is_off_and_how_to_allow_it(project: Project, memory: str) -> None:
    text = project.hover("tf.train.load_checkpoint('memory://store<cursor>/m')")
    assert f"{memory} is not read: checkpoints on other machines are disabled" in text
    assert "ckptls.remote" in text
    project.settings(remote=True)
    assert "V2 checkpoint · 2 variables" in project.hover(
        "tf.train.load_checkpoint('memory://store<cursor>/m')"
    )


def test_hover_shows_no_secrets(project: Project) -> None:
    text = project.hover(f"tf.train.load_checkpoint('https://u:{SECRET}@h/<cursor>m?s={SECRET}')")
    assert "https://h/m is not read" in text
    assert SECRET not in text


def test_another_checkpoint_of_the_file_does_not_stand_in_for_it(
    project: Project, memory: str
) -> None:
    project.checkpoint("here", a=[1])
    project.checks("tf.train.load_checkpoint('here')\n" + WRONG.format(memory))


def test_the_checkpoint_itself_completes(project: Project, memory: str) -> None:
    project.settings(remote=True)
    project.completes(
        f"tf.train.load_variable('{memory}', 'vgg<cursor>')", offers=["vgg_16/fc8/weights"]
    )


@pytest.mark.parametrize("is_allowed", [False, True])
@pytest.mark.parametrize("how", ["bindings", "pragma", "search-paths", "checkpoints"])
def test_settings_and_comments_of_the_folder_are_no_permission(
    project: Project, memory: str, how: str, is_allowed: bool
) -> None:
    line = "tf.train.load_variable(path, 'vgg_16/fc8/weigths')"
    values: dict[str, object] = {"remote": is_allowed}
    if how == "bindings":
        values["bindings"] = {"*.py": memory}
    elif how == "pragma":
        line = f"# ckptls: checkpoint={memory}\n{line}"
    elif how == "search-paths":
        values["search_paths"] = ["memory://store"]
        line = WRONG.format("m")
    else:
        values["checkpoints"] = [memory]
        line = "tf.train.load_variable(path, 'vgg_16/fc8/<cursor>')"
    project.settings(**values)
    if how == "checkpoints":
        from ckptls.workspace.folder_scan import known_checkpoints

        project.folder.known = known_checkpoints(str(project.root), project.folder.settings)
        assert project.folder.known == ((memory,) if is_allowed else ())
        answer = project.completion(line)
        assert bool(answer and answer.items) is is_allowed
    else:
        project.checks(line + ("  # error: [unknown-variable]" if is_allowed else ""))
    assert (project.workspace.store.peek(memory) is not None) is is_allowed


def test_a_chain_of_file_systems_is_never_taken_from_code(project: Project, memory: str) -> None:
    project.settings(remote=True)
    project.checks(WRONG.format(f"simplecache::{memory}"))
    assert "is not read" in project.hover(
        "tf.train.load_checkpoint('simplecache::memory://store<cursor>/m')"
    )


def test_a_file_address_needs_no_permission(project: Project) -> None:
    project.checkpoint("m", a=[1])
    project.checks(
        f"tf.train.load_variable('file://{project.root}/m', 'b')  # error: [unknown-variable]"
    )


class Clock:
    """A clock that stands still until it is moved."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_server_is_asked_again_once_a_minute_at_most(web_tree: Site) -> None:
    clock = Clock()
    store = CheckpointStore(clock)
    address = f"{web_tree.url}/lone/m"
    first = store.load(address)
    web_tree.requests.clear()
    for _ in range(20):
        clock.seconds += 2
        assert store.refresh() == set()
    assert not web_tree.requests
    clock.seconds += REMOTE_SECONDS
    assert store.refresh() == set()
    assert web_tree.requests and not web_tree.bodies()
    assert store.peek(address) is not None
    assert store.peek(address).checkpoint is first.checkpoint  # type: ignore[union-attr]
    web_tree.files["/lone/m.index"] = crafted.index([("other", FLOAT, [1])])
    clock.seconds += REMOTE_SECONDS
    assert store.refresh() == {address}


def test_what_lies_on_this_disk_is_looked_at_each_time(tree: Path) -> None:
    store = CheckpointStore(Clock())
    path = f"{tree}/lone/m"
    store.load(path)
    (tree / "lone/m.index").write_bytes(crafted.index([("other", FLOAT, [1])]))
    assert store.refresh() == {path}


def test_an_unchanged_file_without_a_version_is_no_change(web_tree: Site) -> None:
    web_tree.has_validators = False
    clock = Clock()
    store = CheckpointStore(clock)
    first = store.load(f"{web_tree.url}/lone/m")
    clock.seconds += REMOTE_SECONDS
    assert store.refresh() == set()
    web_tree.files["/lone/m.index"] = bytes(len(web_tree.files["/lone/m.index"]))
    clock.seconds += REMOTE_SECONDS
    assert store.refresh() == {first.path}


def test_a_server_that_comes_back_is_read_then(web_tree: Site) -> None:
    clock = Clock()
    store = CheckpointStore(clock)
    web_tree.answers["/lone/m.index"] = 503
    entry = store.load(f"{web_tree.url}/lone/m")
    assert entry.error is not None and not entry.is_absent
    web_tree.answers.clear()
    clock.seconds += REMOTE_SECONDS
    assert store.refresh() == {entry.path}


async def nothing() -> None:
    pass


async def test_in_an_editor_only_the_editor_can_allow_it(tmp_path: Path, memory: str) -> None:
    (tmp_path / "ckptls.toml").write_text("remote = true\n")
    session = Session(lambda *_: None, nothing, nothing, Client())
    session.add_folder(tmp_path.as_uri())
    await session.settings.wait_until_read()
    (folder,) = session.workspace.folders
    assert folder.settings == Settings()
    session.settings.use_editor({"remote": True})
    assert folder.settings.remote
    session.workspace.store.load(memory)
    session.settings.use_editor({"remote": False})
    assert not folder.settings.remote
    assert session.workspace.store.peek(memory) is None
    session.shut_down()


def test_the_extension_lets_no_untrusted_workspace_allow_it() -> None:
    root = Path(__file__).parents[2]
    manifest = json.loads((root / "vscode-extension" / "package.json").read_text("utf-8"))
    setting = manifest["contributes"]["configuration"]["properties"]["ckptls.remote"]
    assert (setting["type"], setting["default"]) == ("boolean", False)
    assert setting["scope"] == "machine-overridable"
    trust = manifest["capabilities"]["untrustedWorkspaces"]
    assert "ckptls.remote" in trust["restrictedConfigurations"]
