from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoint.crafted import bytes_field, fixed32_field, number_field, varint
from ckptls.checkpoint.codecs.protobuf_wire import (
    FIXED32,
    FIXED64,
    LENGTH,
    VARINT,
    fields,
    read_varint,
    signed,
)
from ckptls.checkpoint.core.errors import CheckpointDamaged


@given(value=st.integers(0, (1 << 64) - 1), before=st.binary(max_size=3))
def test_a_varint_is_read_with_the_position_after_it(value: int, before: bytes) -> None:
    data = before + varint(value) + b"rest"
    assert read_varint(data, len(before), len(data)) == (value, len(data) - 4)


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\xff" * 9, b"\x80" * 10 + b"\x01", b"\xff" * 9 + b"\x02"]
)
def test_a_varint_that_is_cut_off_or_too_long_is_damage(data: bytes) -> None:
    with pytest.raises(CheckpointDamaged):
        read_varint(data, 0, len(data))


def test_a_varint_is_not_read_beyond_its_message() -> None:
    with pytest.raises(CheckpointDamaged) as caught:
        read_varint(b"\x80\x01", 0, 1)
    assert caught.value.where == 1


@given(value=st.integers(-(1 << 63), (1 << 63) - 1))
def test_negative_numbers_are_twos_complement(value: int) -> None:
    assert signed(read_varint(varint(value), 0, 10)[0]) == value


def test_fields_of_every_wire_type_come_with_their_values() -> None:
    message = number_field(1, 300) + bytes_field(2, b"ab") + fixed32_field(6, 7)
    message += varint(9 << 3 | FIXED64) + (5).to_bytes(8, "little")
    found = [(number, wire, a) for number, wire, a, _ in fields(message, 0, len(message))]
    assert found == [(1, VARINT, 300), (2, LENGTH, 5), (6, FIXED32, 7), (9, FIXED64, 5)]


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a\x05ab",  # a length beyond the end
        b"\x35\x01\x02",  # a cut-off fixed32
        b"\x09\x01",  # a cut-off fixed64
        b"\x0b",  # a group
        b"\x0f",  # wire type 7
        b"\x00\x01",  # field number 0
        b"\x08",  # no value
        b"\x88\x80\x80\x80\x80\x01\x01",  # a tag of more than 32 bits
    ],
)
def test_a_malformed_message_is_damage(message: bytes) -> None:
    with pytest.raises(CheckpointDamaged):
        list(fields(message, 0, len(message)))
