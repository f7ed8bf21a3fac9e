"""What is stored of the networks in tests/program is what TensorFlow makes of them today."""

from __future__ import annotations

from program.network_truth import TRUTH, build, programs, text_of


def test_the_stored_truth_is_fresh():
    built = build()
    assert set(built) == set(programs())
    for name, truth in built.items():
        assert "error" not in truth, (name, truth)
        assert (TRUTH / f"{name}.json").read_text() == text_of(truth), (
            f"{name}: write it again with `python -m program.network_truth` in tests/"
        )
