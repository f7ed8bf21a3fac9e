"""Pointer files of Git LFS."""

from __future__ import annotations

POINTER = b"""version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 553436134
"""
LFS = "it is a Git LFS pointer, not the file itself; fetch the file with `git lfs pull`"
