"""Paths and names that come from command-line flags, arguments and configurations."""

from __future__ import annotations

import pytest

from ckptls.source.semantics.module import Environment
from source.told import paths, told

SET = Environment(flags={"ckpt": "set.ckpt"})
FLAGS = [
    ("flags = tf.app.flags\n", "flags.DEFINE_string('ckpt', 'a.ckpt', 'help')\n", "flags.FLAGS"),
    (
        "flags = tf.flags\nFLAGS = flags.FLAGS\n",
        "flags.DEFINE_string('ckpt', 'a.ckpt', '')\n",
        "FLAGS",
    ),
    (
        "from absl import flags\nF = flags.FLAGS\n",
        "flags.DEFINE_string('ckpt', 'a.ckpt', '')\n",
        "F",
    ),
    (
        "from absl.flags import FLAGS, DEFINE_string\n",
        "DEFINE_string(name='ckpt', default='a.ckpt', help='')\n",
        "FLAGS",
    ),
    (
        "from tensorflow.compat.v1 import flags\n",
        "flags.DEFINE_string('ckpt', 'a.ckpt', 'help')\n",
        "flags.FLAGS",
    ),
]
ARGUMENTS = [
    "p.add_argument('--ckpt', default='a.ckpt')",
    "p.add_argument('-c', '--ckpt', type=str, default='a.ckpt')",
    "p.add_argument('--checkpoint-path', dest='ckpt', default='a.ckpt')",
    "p.add_argument('ckpt', nargs='?', default='a.ckpt')",
    "g = p.add_argument_group('g'); g.add_argument('--ckpt', default='a.ckpt')",
    "p.add_argument('--ckpt'); p.set_defaults(ckpt='a.ckpt')",
]
PARSED = [
    ("args = p.parse_args()", "args.ckpt"),
    ("args, rest = p.parse_known_args()", "args.ckpt"),
    ("args = p.parse_known_args()[0]", "args.ckpt"),
    ("args = vars(p.parse_args())", "args['ckpt']"),
    ("args = p.parse_args()", "vars(args)['ckpt']"),
    ("args = p.parse_args()", "getattr(args, 'ckpt')"),
    ("args = p.parse_args()", "args.__dict__['ckpt']"),
]


@pytest.mark.parametrize(("imports", "define", "object_"), FLAGS)
def test_a_flag_is_its_default_or_what_the_settings_say(imports, define, object_):
    assert paths(f"{object_}.ckpt", imports + define) == ["a.ckpt"]
    assert paths(f"{object_}.ckpt", imports + define, SET) == ["set.ckpt"]


def test_a_flag_without_a_default_is_known_by_its_name():
    code = "flags = tf.flags\nflags.DEFINE_string('ckpt', None, '')\n"
    assert paths("flags.FLAGS.ckpt", code) == ["$ckpt"]
    assert paths("flags.FLAGS.never_defined", code) == ["$never_defined"]
    assert paths("flags.FLAGS.ckpt", code, SET) == ["set.ckpt"]


def test_flags_are_read_before_they_are_defined_in_functions_above():
    assert told(
        """
        FLAGS = tf.app.flags.FLAGS
        def read():
            return tf.train.load_variable(FLAGS.ckpt, "w")
        tf.app.flags.DEFINE_string("ckpt", "a.ckpt", "")
        """
    ) == ["path a.ckpt", "variable w < a.ckpt"]


def test_what_define_gives_back_has_the_value():
    code = "from absl import flags\nCKPT = flags.DEFINE_string('ckpt', 'a.ckpt', '')\n"
    assert paths("CKPT.value", code) == ["a.ckpt"]


@pytest.mark.parametrize("define", ARGUMENTS)
def test_an_argument_is_found_however_it_is_defined(define):
    code = f"import argparse\np = argparse.ArgumentParser()\n{define}\nargs = p.parse_args()\n"
    assert paths("args.ckpt", code) == ["a.ckpt"]


@pytest.mark.parametrize(("parse", "use"), PARSED)
def test_an_argument_is_found_however_it_is_read(parse, use):
    code = (
        "from argparse import ArgumentParser\np = ArgumentParser()\n"
        f"p.add_argument('--ckpt', default='a.ckpt')\n{parse}\n"
    )
    assert paths(use, code) == ["a.ckpt"]
    assert paths(use, code, SET) == ["set.ckpt"]


def test_dashes_of_an_argument_become_underscores():
    code = """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--ckpt-path", default="a.ckpt")
        args = parser.parse_args()
        """
    assert paths("args.ckpt_path", code) == ["a.ckpt"]


def test_arguments_are_followed_through_functions():
    assert told(
        """
        import argparse

        def parse():
            parser = argparse.ArgumentParser()
            parser.add_argument("--ckpt", default="a.ckpt")
            return parser.parse_args()

        def main(args):
            reader = tf.train.load_checkpoint(args.ckpt)
            return reader.get_tensor("w")

        if __name__ == "__main__":
            main(parse())
        """
    ) == ["path a.ckpt", "variable w < a.ckpt"]


@pytest.mark.parametrize(
    ("code", "use"),
    [
        ("from types import SimpleNamespace\nc = SimpleNamespace(ckpt='a.ckpt')", "c.ckpt"),
        ("import argparse\nc = argparse.Namespace(ckpt='a.ckpt')", "c.ckpt"),
        ("from easydict import EasyDict as edict\nc = edict()\nc.ckpt = 'a.ckpt'", "c.ckpt"),
        ("from easydict import EasyDict\nc = EasyDict({'ckpt': 'a.ckpt'})", "c['ckpt']"),
        (
            "from easydict import EasyDict\nc = EasyDict()\nc.A = EasyDict()\nc.A.ckpt = 'a.ckpt'",
            "c.A.ckpt",
        ),
        ("from ml_collections import ConfigDict\nc = ConfigDict()\nc['ckpt'] = 'a.ckpt'", "c.ckpt"),
        ("class C:\n    ckpt = 'a.ckpt'", "C.ckpt"),
        ("class C:\n    ckpt = 'a.ckpt'\nc = C()", "c.ckpt"),
        ("class C:\n    def __init__(self):\n        self.ckpt = 'a.ckpt'\nc = C()", "c.ckpt"),
        ("class B:\n    ckpt = 'a.ckpt'\nclass C(B):\n    pass\nc = C()", "c.ckpt"),
        (
            "class C:\n    @property\n    def ckpt(self):\n        return 'a' + '.ckpt'\nc = C()",
            "c.ckpt",
        ),
        (
            "import dataclasses as d\n@d.dataclass\nclass C:\n    ckpt: str = 'a.ckpt'\nc = C()",
            "c.ckpt",
        ),
        (
            "import dataclasses as d\n@d.dataclass\nclass C:\n    ckpt: str\nc = C('a.ckpt')",
            "c.ckpt",
        ),
        (
            "import typing\nclass C(typing.NamedTuple):\n    ckpt: str\nc = C(ckpt='a.ckpt')",
            "c.ckpt",
        ),
        ("c = {'ckpt': 'a.ckpt'}", "c['ckpt']"),
        ("c = dict(ckpt='a.ckpt')", "c.get('ckpt')"),
        ("c = {}\nc['ckpt'] = 'a.ckpt'", "c['ckpt']"),
        ("c = {}\nc.update({'ckpt': 'a.ckpt'})", "c['ckpt']"),
        ("c = {**{'ckpt': 'a.ckpt'}, 'x': 1}", "c['ckpt']"),
        ("", "os.environ.get('CKPT', 'a.ckpt')"),
        ("", "os.getenv('CKPT', 'a.ckpt')"),
        ("import os as o", "o.environ.get('CKPT') or 'a.ckpt'"),
    ],
)
def test_configurations_of_every_kind(code, use):
    assert [path for path in paths(use, code) if path != "$CKPT"] == ["a.ckpt"]


def test_a_key_of_an_unknown_configuration_is_known_by_its_name():
    assert paths("config['model']['init_ckpt']", "config = load()") == ["$init_ckpt"]
    assert paths("cfg.MODEL.WEIGHTS", "from project import cfg") == ["$WEIGHTS"]


def test_options_of_click_and_typer():
    assert told(
        """
        import click

        @click.command()
        @click.option("--ckpt-path", "-c", default="a.ckpt")
        def main(ckpt_path):
            tf.train.load_variable(ckpt_path, "w")
        """
    ) == ["path a.ckpt", "variable w < a.ckpt"]
    assert told(
        """
        import typer

        def main(ckpt: str = typer.Option("a.ckpt", "--ckpt")):
            tf.train.load_variable(ckpt, "w")

        typer.run(main)
        """
    ) == ["path a.ckpt", "variable w < a.ckpt"]


def test_items_of_a_flags_default_are_names_of_their_own():
    text = """
        from absl import flags
        flags.DEFINE_string("skip", "vgg_16/fc8, vgg_16/fc9", "")
        names = [each.strip() for each in flags.FLAGS.skip.split(",")]
        slim.get_variables_to_restore(exclude=names)
        """
    assert told(text) == ["pattern vgg_16/fc8", "pattern vgg_16/fc9"]


@pytest.mark.parametrize(
    "path",
    [
        "os.path.expanduser(FLAGS.ckpt)",
        "os.path.abspath(os.path.expanduser(FLAGS.ckpt))",
        "str(FLAGS.ckpt)",
        "tf.train.latest_checkpoint(FLAGS.ckpt)",
        "tf.train.get_checkpoint_state(FLAGS.ckpt).model_checkpoint_path",
        "tf.train.latest_checkpoint(os.path.expanduser(FLAGS.ckpt))",
    ],
)
def test_a_flag_without_a_value_is_still_that_flag(path):
    """So a script that names it still tells where the checkpoint is."""
    before = "FLAGS = tf.app.flags.FLAGS\ntf.app.flags.DEFINE_string('ckpt', None, '')"
    assert paths(path, before) == ["$ckpt"]


def test_a_part_of_a_path_that_a_flag_holds_is_a_hole():
    before = "FLAGS = tf.app.flags.FLAGS\ntf.app.flags.DEFINE_string('ckpt', None, '')"
    assert paths("os.path.join(FLAGS.ckpt, 'model.ckpt')", before) == ["{}/model.ckpt"]


@pytest.mark.parametrize(
    ("before", "path", "found"),
    [
        (
            "from dataclasses import dataclass, field\n@dataclass\nclass C:\n"
            "    ckpt: str = field(default='a.ckpt')",
            "C().ckpt",
            ["a.ckpt"],
        ),
        ("", "os.environ.setdefault('CKPT', 'a.ckpt')", ["a.ckpt"]),
        (
            "from absl import flags\nflags.DEFINE_string('ckpt', 'a.ckpt', '')",
            "flags.FLAGS['ckpt'].value",
            ["a.ckpt"],
        ),
        (
            "from enum import Enum\nclass Kind(Enum):\n    SMALL = 'a.ckpt'",
            "Kind.SMALL.value",
            ["a.ckpt"],
        ),
        ("import yaml\nc = yaml.safe_load(open('c.yaml'))", "c.get('ckpt')", ["$ckpt"]),
        ("import yaml\nc = yaml.safe_load(open('c.yaml'))", "c.get('ckpt', which())", ["{}"]),
        (
            "match kind:\n    case 'a':\n        p = 'a.ckpt'\n    case _:\n        p = 'b.ckpt'",
            "p",
            ["a.ckpt", "b.ckpt"],
        ),
        (
            "p = 'c.ckpt'\nmatch kind:\n    case 'a' if x:\n        p = 'a.ckpt'",
            "p",
            ["a.ckpt", "c.ckpt"],
        ),
    ],
)
def test_configurations_of_other_kinds(before, path, found):
    assert paths(path, before) == found


YAML = "import yaml\nfrom types import SimpleNamespace\n"


@pytest.mark.parametrize(
    ("before", "path", "found"),
    [
        (YAML + "c = SimpleNamespace(**yaml.safe_load(text))", "c.ckpt", ["$ckpt"]),
        (YAML + "c = SimpleNamespace(**{'ckpt': 'a.ckpt'}, **more)", "c.ckpt", ["a.ckpt"]),
        (YAML + "c = SimpleNamespace(**{'ckpt': 'a.ckpt'}, **more)", "c.path", ["$path"]),
        (
            "import yaml\nfrom easydict import EasyDict\nc = EasyDict(yaml.safe_load(text))",
            "c.ckpt",
            ["$ckpt"],
        ),
        (
            "import argparse, json\nc = argparse.Namespace(x=1)\nc.update(json.load(f))",
            "c.ckpt",
            ["$ckpt"],
        ),
        # What is written out whole has nothing else.
        (YAML + "c = SimpleNamespace(x=1)", "c.ckpt", ["{}"]),
        (YAML + "c = SimpleNamespace(**{'x': 1})", "c.ckpt", ["{}"]),
    ],
)
def test_what_a_namespace_has_from_a_file_is_known_by_its_name(before, path, found):
    assert paths(path, before) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("c.get('model', 'init-ckpt')", ["$init_ckpt"]),
        ("c.get('model', 'ckpt', fallback='a.ckpt')", ["$ckpt", "a.ckpt"]),
        ("c['model']['ckpt']", ["$ckpt"]),
        ("c.get('model', which)", ["{}"]),
    ],
)
@pytest.mark.parametrize("module", ["configparser", "ConfigParser", "six.moves.configparser"])
def test_options_of_a_configuration_file(module, path, found):
    before = f"from {module} import ConfigParser\nc = ConfigParser()\nc.read('c.ini')"
    assert paths(path, before) == found
