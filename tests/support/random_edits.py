"""Random edits of bytes."""

from __future__ import annotations

from hypothesis import strategies as st

EDITS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.sampled_from("sid")),
    min_size=1,
    max_size=6,
)


def edited(data: bytes, edits: list[tuple[float, int, str]]) -> bytes:
    """`data` with bytes set, inserted or deleted at places given as shares of its length."""
    out = bytearray(data)
    for share, byte, kind in edits:
        place = int(share * len(out))
        if kind == "i":
            out.insert(place, byte)
        elif kind == "d":
            del out[place : place + byte % 16]
        elif place < len(out):
            out[place] = byte
    return bytes(out)
