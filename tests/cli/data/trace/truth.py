"""Writes what TensorFlow itself lists, for the test to compare with."""

import json
import os


def describe(variable):
    name = getattr(variable, "path", None) or variable.name.split(":")[0]
    dtype = getattr(variable.dtype, "base_dtype", variable.dtype)
    return [name, [int(size) for size in variable.shape], getattr(dtype, "name", dtype)]


def write(variables, **more):
    with open(os.environ["TRUTH"], "w") as file:
        json.dump(dict(more, variables=[describe(each) for each in variables]), file)
