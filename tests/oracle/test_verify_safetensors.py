"""What the safetensors library opens is sound, and what it refuses is not, header by header."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from safetensors import SafetensorError, safe_open

from ckptls.checkpoint.core.errors import CheckpointError
from ckptls.checkpoint.locate.locate import locate
from ckptls.checkpoint.verify.verify import verify

FOUR = bytes(4)

# The format forbids these: a header begins with `{`, has each key once, and maps for tensors.
# The library reads them all the same.
STRICTER = {"lead space", "meta dup key", "dup name", "entry list"}


def made(header: object, data: bytes = b"", n: int | None = None) -> bytes:
    """A file with this header, as JSON or in bytes, which claims to be `n` bytes long."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if n is None else n) + text + data


def entry(shape: object, begin: object, end: object, dtype: str = "F32") -> dict[str, object]:
    """What a header says of one tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


ONE = {"a": entry([1], 0, 4)}

CASES = {
    "ok": made(ONE, FOUR),
    "empty header": made({}),
    "empty header trailing": made({}, b"x"),
    "pad spaces": made(json.dumps(ONE).encode() + b"   ", FOUR),
    "pad newline": made(json.dumps(ONE).encode() + b"\n", FOUR),
    "pad nul": made(json.dumps(ONE).encode() + b"\0\0", FOUR),
    "lead space": made(b" " + json.dumps(ONE).encode(), FOUR),
    "bom": made(b"\xef\xbb\xbf" + json.dumps(ONE).encode(), FOUR),
    "trailing": made(ONE, FOUR + b"x"),
    "short": made(ONE, b"\0\0"),
    "meta ok": made({"__metadata__": {"k": "v"}, **ONE}, FOUR),
    "meta num": made({"__metadata__": {"k": 1}, **ONE}, FOUR),
    "meta list": made({"__metadata__": ["k"], **ONE}, FOUR),
    "meta null": made({"__metadata__": None, **ONE}, FOUR),
    "meta null val": made({"__metadata__": {"k": None}, **ONE}, FOUR),
    "meta str": made({"__metadata__": "s", **ONE}, FOUR),
    "meta tensor": made({"__metadata__": entry([1], 4, 8), **ONE}, FOUR + FOUR),
    "meta empty": made({"__metadata__": {}, **ONE}, FOUR),
    "meta dup key": made(
        b'{"__metadata__":{"a":"1","a":"2"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        FOUR,
    ),
    "meta twice": made(
        b'{"__metadata__":{"a":"1"},"__metadata__":{"a":"2"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        FOUR,
    ),
    "hole": made({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, FOUR * 3),
    "hole start": made({"a": entry([1], 4, 8)}, FOUR * 2),
    "overlap": made({"a": entry([1], 0, 4), "b": entry([1], 0, 4)}, FOUR),
    "overlap2": made({"a": entry([2], 0, 8), "b": entry([1], 4, 8)}, FOUR * 2),
    "order by name": made({"a": entry([1], 4, 8), "b": entry([1], 0, 4)}, FOUR * 2),
    "dup name": made(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        FOUR,
    ),
    "dup name2": made(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        FOUR * 2,
    ),
    "dup inner": made(
        b'{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', FOUR
    ),
    "unknown field": made({"a": {**entry([1], 0, 4), "x": 1}}, FOUR),
    "missing dtype": made({"a": {"shape": [1], "data_offsets": [0, 4]}}, FOUR),
    "unknown dtype": made({"a": entry([1], 0, 4, "F99")}, FOUR),
    "lower dtype": made({"a": entry([1], 0, 4, "f32")}, FOUR),
    "size mismatch": made({"a": entry([2], 0, 4)}, FOUR),
    "begin>end": made({"a": entry([0], 4, 0)}, FOUR),
    "neg offset": made({"a": entry([1], -4, 0)}, FOUR),
    "float offset": made({"a": entry([1], 0.0, 4.0)}, FOUR),
    "float shape": made({"a": entry([1.0], 0, 4)}, FOUR),
    "bool shape": made({"a": entry([True], 0, 4)}, FOUR),
    "neg shape": made({"a": entry([-1], 0, 4)}, FOUR),
    "three offsets": made({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}, FOUR),
    "one offset": made({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}, FOUR),
    "shape null": made({"a": {"dtype": "F32", "shape": None, "data_offsets": [0, 4]}}, FOUR),
    "entry null": made({"a": None}),
    "entry list": made({"a": ["F32", [1], [0, 4]]}, FOUR),
    "entry list order": made({"a": ["F32", [1], [0, 4], 9]}, FOUR),
    "zero big": made({"a": entry([0, 2**62], 0, 0)}),
    "big zero": made({"a": entry([2**62, 4, 0], 0, 0)}),
    "big zero2": made({"a": entry([2**40, 2**40, 0], 0, 0)}),
    "zero 2^63": made({"a": entry([0, 2**63], 0, 0)}),
    "zero 2^64": made({"a": entry([0, 2**64], 0, 0)}),
    "zero 2^64-1": made({"a": entry([0, 2**64 - 1], 0, 0)}),
    "2^62 zero bits": made({"a": entry([2**60, 0], 0, 0, "F64")}),
    "zero": made({"a": entry([0, 3], 0, 0)}),
    "scalar": made({"a": entry([], 0, 4)}, FOUR),
    "rank 65": made({"a": entry([1] * 65, 0, 4)}, FOUR),
    "rank 64": made({"a": entry([1] * 64, 0, 4)}, FOUR),
    "rank 33": made({"a": entry([1] * 33, 0, 4)}, FOUR),
    "f4 odd": made({"a": entry([1], 0, 1, "F4")}, b"x"),
    "f4 even": made({"a": entry([2], 0, 1, "F4")}, b"x"),
    "f6": made({"a": entry([4], 0, 3, "F6_E2M3")}, b"xxx"),
    "e8m0": made({"a": entry([1], 0, 1, "F8_E8M0")}, b"x"),
    "bf16": made({"a": entry([1], 0, 2, "BF16")}, b"xx"),
    "c64": made({"a": entry([1], 0, 8, "C64")}, b"x" * 8),
    "bool 2": made({"a": entry([1], 0, 1, "BOOL")}, b"\x02"),
    "empty name": made({"": entry([1], 0, 4)}, FOUR),
    "name nul": made({"a\0b": entry([1], 0, 4)}, FOUR),
    "name surrogate": made(b'{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', FOUR),
    "name pair": made(b'{"\\ud83d\\ude00":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', FOUR),
    "bad utf8": made(b'{"\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', FOUR),
    "utf16": made(json.dumps(ONE).encode("utf-16-le"), FOUR),
    "control char": made(b'{"a\x01":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', FOUR),
    "nan": made(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":NaN}}', FOUR),
    "infinity meta": made(b'{"__metadata__":Infinity}'),
    "exp int": made(b'{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}', FOUR),
    "neg zero": made(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[-0,4]}}', FOUR),
    "lead zero": made(b'{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}', FOUR),
    "header list": made(b"[]"),
    "header null": made(b"null"),
    "header len 0": made(b""),
    "header len 1": made(b"{"),
    "huge n": struct.pack("<Q", 2**60) + b"{}",
    "n too big": made(ONE, FOUR, n=1000),
    "7 bytes": b"1234567",
    "deep": made(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":'
        + b"[" * 200
        + b"]" * 200
        + b"}}",
        FOUR,
    ),
    "unaligned": made({"a": entry([1], 0, 1, "U8"), "b": entry([1], 1, 5)}, b"x" * 5),
    "comment": made(b"{/*x*/}"),
    "trailing comma": made(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}', FOUR),
    "extra data": made(b"{}{}"),
}


# What it says of a type that NumPy does not have, which is no fault of the file.
NOT_IN_NUMPY = ("has no attribute 'float", "not understood")


def opens(path: Path) -> bool:
    """Whether the library opens a file and reads each value, or NumPy lacks its type alone."""
    try:
        with safe_open(path, "np") as file:
            for name in file.keys():  # noqa: SIM118
                file.get_tensor(name)
    except (SafetensorError, UnicodeError, ValueError, OverflowError) as error:
        return any(text in str(error) for text in NOT_IN_NUMPY)
    except (AttributeError, TypeError) as error:
        assert any(text in str(error) for text in NOT_IN_NUMPY)
    return True


def is_sound(path: Path) -> bool:
    try:
        return verify(locate(path)).is_sound
    except CheckpointError:
        return False


@pytest.mark.parametrize("case", CASES)
def test_a_file_is_sound_if_the_library_opens_it(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(CASES[case])
    assert is_sound(path) == (opens(path) and case not in STRICTER)


@pytest.mark.parametrize("case", sorted(STRICTER))
def test_only_what_the_library_opens_is_called_stricter(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(CASES[case])
    assert opens(path)
