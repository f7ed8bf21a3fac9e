"""Object graphs and models in the folder that CKPTLS_REAL_CHECKPOINTS names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import ckptls
from ckptls.checkpoint.formats.tensorflow.v2.object_graph_reader import read_object_graph
from ckptls.checkpoint.graphs.meta_graph import read_model
from oracle.conftest import REAL_CHECKPOINTS, real_prefixes
from support.graph_oracle import check_collections, check_nodes, meta_graph, saved_model
from support.object_graph_oracle import check

ROOT = Path(os.environ.get(REAL_CHECKPOINTS, os.devnull))
OBJECT_BASED = [prefix for prefix in real_prefixes() if ckptls.open(prefix).is_object_based]
MODELS = sorted([*ROOT.rglob("*.meta"), *ROOT.rglob("saved_model.pb")])


def test_the_folder_holds_object_graphs_and_models() -> None:
    assert OBJECT_BASED, f"{REAL_CHECKPOINTS} names a folder without object-based checkpoints"
    assert MODELS, f"{REAL_CHECKPOINTS} names a folder without models"


@pytest.mark.parametrize("prefix", OBJECT_BASED)
def test_a_real_object_graph_is_read_as_by_tensorflow(prefix: str) -> None:
    if list(Path(prefix).parent.glob(f"{Path(prefix).name}.data-*")):
        check(prefix)
    else:
        graph = read_object_graph(ckptls.open(prefix))
        assert graph is not None
        assert not graph.is_complete


@pytest.mark.parametrize("path", MODELS, ids=str)
def test_a_real_model_is_read_as_by_tensorflow(path: Path) -> None:
    model = read_model(path)
    messages = list(saved_model(path).meta_graphs) if model.is_saved_model else [meta_graph(path)]
    check_nodes(model, [node for message in messages for node in message.graph_def.node])
    if len(messages) == 1:
        check_collections(model, messages[0])
    if Path(str(path).removesuffix(".meta") + ".index").exists():
        assert set(model.saved_names) >= set(ckptls.open(path).names)
