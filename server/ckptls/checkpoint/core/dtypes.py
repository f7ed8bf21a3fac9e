"""TensorFlow's element types: the numbers in the files, their names and sizes.

Source: tensorflow/core/framework/types.proto.
"""

from __future__ import annotations

STRING = "string"

# number -> (name, bytes of one element in the data file; 0 where they vary)
_DTYPES = {
    1: ("float32", 4),
    2: ("float64", 8),
    3: ("int32", 4),
    4: ("uint8", 1),
    5: ("int16", 2),
    6: ("int8", 1),
    7: (STRING, 0),
    8: ("complex64", 8),
    9: ("int64", 8),
    10: ("bool", 1),
    11: ("qint8", 1),
    12: ("quint8", 1),
    13: ("qint32", 4),
    14: ("bfloat16", 2),
    15: ("qint16", 2),
    16: ("quint16", 2),
    17: ("uint16", 2),
    18: ("complex128", 16),
    19: ("float16", 2),
    20: ("resource", 0),
    21: ("variant", 0),
    22: ("uint32", 4),
    23: ("uint64", 8),
    24: ("float8_e5m2", 1),
    25: ("float8_e4m3fn", 1),
    26: ("float8_e4m3fnuz", 1),
    27: ("float8_e4m3b11fnuz", 1),
    28: ("float8_e5m2fnuz", 1),
    29: ("int4", 1),
    30: ("uint4", 1),
    31: ("int2", 1),
    32: ("uint2", 1),
    33: ("float4_e2m1fn", 1),
}
_REF_OFFSET = 100
_ITEM_BYTES = dict(_DTYPES.values())


def dtype_name(number: int) -> str:
    """TensorFlow's name of a type, `float32_ref` for a reference, `unknown(99)` for others."""
    known = _DTYPES.get(number)
    if known:
        return known[0]
    referred = _DTYPES.get(number - _REF_OFFSET)
    return f"{referred[0]}_ref" if referred else f"unknown({number})"


def item_bytes(dtype: str) -> int:
    """Bytes that one element takes in the data file; 0 if that varies or is not known."""
    return _ITEM_BYTES.get(dtype.removesuffix("_ref"), 0)
