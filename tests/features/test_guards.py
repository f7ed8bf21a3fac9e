"""Code that asks for a name before it uses it is right; each case has a twin that does not ask."""

from __future__ import annotations

import pytest

HEAD = 'reader = tf.train.load_checkpoint("a.ckpt")\nshapes = reader.get_variable_to_shape_map()\n'


@pytest.fixture
def a(project):
    project.checkpoint("a.ckpt", a__w=[2])
    return project


WRONG = 'reader.get_tensor("a/v")'
GUARDED = [
    'if reader.has_tensor("a/v"):\n    {}',
    'if not reader.has_tensor("a/v"):\n    pass\nelse:\n    {}',
    'if "a/v" in shapes:\n    {}',
    'if "a/v" not in shapes:\n    raise SystemExit\n{}',
    'found = reader.has_tensor("a/v")\nif found:\n    {}',
    'found = "a/v" in shapes and x\nif found:\n    {}',
    'found = not "a/v" in shapes\nif not found:\n    {}',
    'if shapes.get("a/v") is not None:\n    {}',
    "try:\n    {}\nexcept tf.errors.NotFoundError:\n    pass",
    "try:\n    {}\nexcept (ValueError, KeyError) as error:\n    pass",
    "try:\n    {}\nexcept:\n    pass",
    "import contextlib\nwith contextlib.suppress(tf.errors.NotFoundError):\n    {}",
    'w = {} if reader.has_tensor("a/v") else None',
    'w = reader.has_tensor("a/v") and {}',
    "w = [{} for n in names if n in shapes]",
    'def f():\n    if "a/v" not in shapes:\n        return None\n    return {}\nf()',
    "for n in names:\n    if n not in shapes:\n        continue\n    {}",
    'while "a/v" in shapes:\n    {}',
    'assert "a/v" in shapes\n{}',
    'assert reader.has_tensor("a/v"), "too old"\n{}',
    'if {{"a/v"}} <= set(shapes):\n    {}',
    'if all(n in shapes for n in ["a/v"]):\n    {}',
    'if any(["v" in n for n in shapes]):\n    {}',
    "if len([n for n in shapes if n in wanted]) > 0:\n    {}",
    'if "a/v" in \\\n        shapes:\n    {}',
    'if ("a/v"  # one that may be missing\n        not in shapes) is False:\n    {}',
    "if False:\n    {}",
    "if 0:\n    pass\nelif True:\n    pass\nelse:\n    {}",
    "def f():\n    return 1\n    {}\nf()",
    "# {}",
    '"""{}"""'.replace("{}", "reader.get_tensor('a/v')"),
]
BARE = [
    "{}",
    "if other:\n    {}",
    "try:\n    {}\nexcept ZeroDivisionError:\n    pass",
    "try:\n    {}\nfinally:\n    pass",
    "w = {} if other else None",
    "w = [{} for n in names if n]",
    "def f():\n    if other:\n        return None\n    return {}\nf()",
    "if True:\n    {}",
    "assert mode in MODES\n{}",
    "assert len(wanted) > 0\n{}",
    "if all(n for n in wanted):\n    {}",
    "import contextlib\nwith contextlib.suppress(ZeroDivisionError):\n    {}",
]


@pytest.mark.parametrize("code", GUARDED)
def test_guarded_code_is_silent(a, code):
    a.checks(HEAD + code.format(WRONG))


@pytest.mark.parametrize("code", BARE)
def test_code_that_does_not_ask_is_not(a, code):
    assert a.marks(HEAD + code.format(WRONG)) == ["a/v"]


def test_a_guard_in_the_function_that_the_name_is_passed_to(a):
    a.checks(
        HEAD
        + """
def careful(name):
    if reader.has_tensor(name):
        return reader.get_tensor(name)
    return None

def careless(name):
    return reader.get_tensor(name)

careful("a/v")
careless("a/v")  # error: [unknown-variable]
"""
    )


@pytest.mark.parametrize(
    "code",
    [
        'from safetensors import safe_open\nwith safe_open(p, "np") as f:\n    f.get_tensor("{}")',
        'import safetensors\nf = safetensors.safe_open(p, framework="pt")\nf.get_tensor("{}")',
        'import h5py\nf = h5py.File(p)\nf["{}"]',
        'import torch\nstate = torch.load(p)\nstate["{}"]\nstate.get("{}")',
        'from gguf import GGUFReader\nGGUFReader(p).get_tensor("{}")',
        'def get_variable(name):\n    return name\nget_variable("{}")',
        'class Model:\n    def get_variable(self, name):\n        return name\nModel().get_variable("{}")',
        'class Saver:\n    def restore(self, session, path):\n        pass\nSaver().restore(s, "{}")',
    ],
)
def test_what_only_looks_like_tensorflow_is_left_alone(a, code):
    a.offers_nothing(code.replace("{}", "<cursor>", 1).replace("{}", ""))


def test_a_receiver_that_nobody_knows_is_helped_but_not_judged(a):
    known = 'tf.train.load_checkpoint("a.ckpt")\n'
    a.completes(known + 'unknown().get_tensor("<cursor>")', offers=["a/w"])
    a.checks(known + 'unknown().get_tensor("a/v")')
