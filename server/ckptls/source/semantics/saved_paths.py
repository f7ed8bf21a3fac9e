"""Whether a program itself may have written what it reads."""

from __future__ import annotations

import os
import re

from ckptls.source.semantics.pattern_text import Text
from ckptls.source.semantics.sites import PathForm, PathUse


def may_be_saved(saved: Text, read: PathUse) -> bool:
    """Whether what was saved to a path may be what is read: itself, a step of it, or a file in
    the directory that is read."""
    written, literal = saved.literal, read.text.literal
    if literal is None or written is None:
        return read.text.template in (saved.template, saved.template + "-{}")
    written, literal = os.path.normpath(written), os.path.normpath(literal)
    if re.fullmatch(re.escape(written) + r"(-\d+)?", literal):
        return True
    is_directory = read.form not in (PathForm.PREFIX, PathForm.OBJECTS)
    return is_directory and (os.path.dirname(written) or ".") == literal
