"""Other modules of the project: what they export, what they are called with."""

from __future__ import annotations

import pytest


@pytest.fixture
def two(project):
    """A project with `a.ckpt` (a/w) and `b.ckpt` (b/w)."""
    project.checkpoint("a.ckpt", a__w=[2])
    project.checkpoint("b.ckpt", b__w=[2])
    return project


READ = 'tf.train.load_variable({}, "a/v")  # error: [unknown-variable]'


@pytest.mark.parametrize(
    ("name", "imports", "path"),
    [
        ("settings.py", "import settings", "settings.CKPT"),
        ("settings.py", "import settings as s", "s.CKPT"),
        ("settings.py", "from settings import CKPT", "CKPT"),
        ("settings.py", "from settings import CKPT as C", "C"),
        ("settings.py", "from settings import *", "CKPT"),
        ("settings.py", "from . import settings", "settings.CKPT"),
        ("settings.py", "from .settings import CKPT", "CKPT"),
        ("conf/settings.py", "import conf.settings", "conf.settings.CKPT"),
        ("conf/settings.py", "from conf import settings", "settings.CKPT"),
        ("conf/settings.py", "from conf.settings import CKPT", "CKPT"),
        ("conf/__init__.py", "from conf import CKPT", "CKPT"),
        ("src/settings.py", "from settings import CKPT", "CKPT"),
    ],
)
def test_a_constant_of_another_module(two, name, imports, path):
    two.file(name, 'CKPT = "a.ckpt"\n')
    two.checks(f"{imports}\n" + READ.format(path))


def test_a_module_that_is_not_there_says_nothing(two):
    two.checks('from settings import CKPT\ntf.train.load_variable(CKPT, "a/v")')


def test_names_go_through_several_modules(two):
    two.file("deep/paths.py", 'ROOT = "."\nCKPT = ROOT + "/a.ckpt"\n')
    two.file("deep/__init__.py", "from .paths import *\nfrom . import paths\n")
    two.file(
        "settings.py", "from deep import CKPT as FIRST\nimport deep\nSECOND = deep.paths.CKPT\n"
    )
    two.checks("from settings import *\n" + READ.format("FIRST") + "\n" + READ.format("SECOND"))


def test_modules_that_import_each_other(two):
    two.file("one.py", 'from two import B\nA = "a.ckpt"\n')
    two.file("two.py", "from one import A\nB = A\n")
    two.checks("from one import A, B\n" + READ.format("A"))


def test_flags_of_another_module(two):
    two.file(
        "args.py",
        """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--ckpt", default="a.ckpt")
        args = parser.parse_args()
        """,
    )
    two.file(
        "options.py",
        """
        from absl import flags
        flags.DEFINE_string("model", "a.ckpt", "")
        """,
    )
    two.checks("from args import args\n" + READ.format("args.ckpt"))
    two.checks("import args\n" + READ.format("args.args.ckpt"))
    two.checks("import options\nfrom absl import flags\n" + READ.format("flags.FLAGS.model"))


def test_functions_and_classes_of_another_module(two):
    two.file(
        "utils.py",
        """
        import os
        import tensorflow as tf

        ROOT = "."

        def path_of(name):
            return os.path.join(ROOT, name + ".ckpt")

        def load(path, name):
            return tf.train.load_variable(path, name)

        def loader(path):
            def get(name):
                return tf.train.load_variable(path, "a/" + name)
            return get

        class Reader:
            def __init__(self, path):
                self.reader = tf.train.load_checkpoint(path)

            def get(self, name):
                return self.reader.get_tensor(name)

        class Config:
            ckpt = "a.ckpt"
        """,
    )
    two.checks(
        """
        import utils
        from utils import Config, Reader, load, loader
        tf.train.load_variable(utils.path_of("a"), "a/v")  # error: [unknown-variable]
        tf.train.load_variable(Config.ckpt, "a/v")  # error: [unknown-variable]
        load("a.ckpt", "a/v")  # error: [unknown-variable] `a/v`
        load("a.ckpt", "a/w")
        loader("a.ckpt")("v")  # error: [unknown-variable] `a/v`
        Reader("a.ckpt").get("a/v")  # error: [unknown-variable]

        class Mine(Reader):
            def more(self):
                self.get("a/v")  # error: [unknown-variable]
                self.reader.get_tensor("a/u")  # error: [unknown-variable]

        Mine("a.ckpt").more()
        """
    )


def test_a_guard_in_the_function_of_another_module(two):
    two.file(
        "utils.py",
        """
        import tensorflow as tf
        reader = tf.train.load_checkpoint("a.ckpt")

        def load(name):
            if reader.has_tensor(name):
                return reader.get_tensor(name)
        """,
    )
    two.checks('from utils import load\nload("a/v")')


def test_the_mark_is_where_the_string_is_written(two):
    two.file(
        "utils.py",
        """
        import tensorflow as tf
        def load(n):
            return tf.train.load_variable("a.ckpt", "a/" + n)
        """,
    )
    assert two.marks('from utils import load\nload("v")') == ["v"]


def test_calls_in_other_files_say_what_a_parameter_is(two):
    two.file("train.py", 'from utils import load\nload("a.ckpt")\n')
    two.file("eval.py", 'import utils\nutils.load(path="a.ckpt")\n')
    utils = 'def load(path):\n    return tf.train.load_variable(path, "a/v")'
    two.checks_as("utils.py", utils + "  # error: [unknown-variable]")
    two.checks_as("other.py", utils)


def test_every_checkpoint_that_other_files_give_counts(two):
    two.file("train.py", 'from utils import load\nload("a.ckpt")\nload("b.ckpt")\n')
    two.checks_as(
        "utils.py",
        """
        def load(path):
            tf.train.load_variable(path, "a/w")
            tf.train.load_variable(path, "b/w")
            tf.train.load_variable(path, "c/w")  # error: [unknown-variable]
        """,
    )


def test_methods_are_called_from_other_files_too(two):
    two.file("train.py", 'from models.net import Net\nnet = Net("a.ckpt")\nnet.restore("a/w")\n')
    two.checks_as(
        "models/net.py",
        """
        class Net:
            def __init__(self, path):
                self.reader = tf.train.load_checkpoint(path)

            def restore(self, name):
                self.reader.get_tensor("a/v")  # error: [unknown-variable]
                self.reader.get_tensor(name)
        """,
    )


def test_an_open_module_counts_as_it_is_in_the_editor(two):
    two.file("settings.py", 'CKPT = "b.ckpt"\n')
    opened = two.workspace.open("settings", two.root / "settings.py", 'CKPT = "b.ckpt"\n')
    read = "from settings import CKPT\ntf.train.load_variable(CKPT, 'a/v')"
    assert [each.checkpoint for each in two.findings(read)[1]] == [str(two.root / "b.ckpt")]
    opened.document.replace('CKPT = "a.ckpt"\n')
    binder_of = two.workspace.documents["train.py"]
    binder_of.document.edit(0, 0, "# changed\n")
    analysis = binder_of.document.analysis()
    (site,) = [s for s in analysis.sites if s.role.value == "variable"]
    assert [use.text.literal for use in site.paths] == ["a.ckpt"]


def test_a_users_own_function_wins_over_what_is_read_of_it(two):
    two.settings(
        functions=[
            {
                "names": ["utils.load"],
                "parameters": ["path", "name"],
                "roles": {"path": "path", "name": "variable"},
            }
        ]
    )
    two.file("utils.py", "def load(path, name):\n    return secret(path, name)\n")
    two.checks('from utils import load\nload("a.ckpt", "a/v")  # error: [unknown-variable]')
    two.checks('import utils\nutils.load("a.ckpt", "a/v")  # error: [unknown-variable]')


def test_scripts_and_configurations_give_weak_evidence(two):
    two.file("run.sh", "CKPT_DIR=.\npython train.py --checkpoint_path=${CKPT_DIR}/a.ckpt\n")
    two.file("conf/model.yaml", "init_ckpt: ../b.ckpt\n")
    two.file(".vscode/launch.json", '{"args": ["--model-path", "a.ckpt"]}\n')
    flags = "from absl import flags\nflags.DEFINE_string('checkpoint_path', '', '')\n"
    read = "tf.train.load_variable({}, '<cursor>')"
    two.completes(flags + read.format("flags.FLAGS.checkpoint_path"), offers=["a/w"])
    two.completes(read.format("config['init_ckpt']"), offers=["b/w"], never=["a/w"])
    two.completes(read.format("args.model_path"), offers=["a/w"], never=["b/w"])
    two.checks(flags + "tf.train.load_variable(flags.FLAGS.checkpoint_path, 'a/v')")


def test_the_setting_flags_is_as_good_as_a_default(two):
    two.settings(flags={"checkpoint-path": "a.ckpt"})
    two.checks(
        """
        from absl import flags
        flags.DEFINE_string("checkpoint_path", "b.ckpt", "")
        tf.train.load_variable(flags.FLAGS.checkpoint_path, "a/v")  # error: [unknown-variable]
        """
    )


def test_arguments_go_along_to_the_files_that_use_them(two):
    two.file(
        "main.py",
        """
        import argparse
        import trainer

        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--ckpt", default="a.ckpt")
            args = parser.parse_args()
            trainer.train(args)

        main()
        """,
    )
    two.checks_as(
        "trainer.py",
        """
        def train(args):
            tf.train.load_variable(args.ckpt, "a/v")  # error: [unknown-variable]
        """,
    )


def test_a_name_that_everything_imported_behind_it_has_is_that_of_the_module(two):
    two.file("settings.py", 'CKPT = "b.ckpt"\n')
    two.checks(
        """
        CKPT = "a.ckpt"
        from settings import *
        tf.train.load_variable(CKPT, "b/w")
        tf.train.load_variable(CKPT, "a/w")  # error: [unknown-variable]
        CKPT = "a.ckpt"
        tf.train.load_variable(CKPT, "a/w")
        """
    )


def test_a_name_that_the_module_does_not_give_stays(two):
    two.file("settings.py", '_CKPT = "b.ckpt"\nOTHER = "b.ckpt"\n__all__ = ["OTHER"]\n')
    two.checks(
        """
        _CKPT = CKPT = "a.ckpt"
        from settings import *
        tf.train.load_variable(CKPT, "a/w")
        tf.train.load_variable(_CKPT, "a/v")  # error: [unknown-variable]
        """
    )


def test_an_import_of_everything_that_may_not_run_leaves_both(two):
    two.file("settings.py", 'CKPT = "b.ckpt"\n')
    two.checks(
        """
        CKPT = "a.ckpt"
        try:
            from settings import *
        except ImportError:
            pass
        tf.train.load_variable(CKPT, "a/w")
        tf.train.load_variable(CKPT, "b/w")
        tf.train.load_variable(CKPT, "c/w")  # error: [unknown-variable]
        """
    )


def test_a_constant_before_an_import_of_everything_follows_edits(two):
    two.file("settings.py", 'CKPT = "b.ckpt"\n')
    code = (
        'import tensorflow as tf\nCKPT = "a.ckpt"\nfrom settings import *\nQ = 1\n'
        "tf.train.load_variable({}, 'w')\n"
    )
    opened = two.workspace.open("train.py", two.root / "train.py", code.format("CKPT"))
    document = opened.document

    def path() -> list[str | None]:
        return [use.text.literal for use in document.analysis().sites[-1].paths]

    assert path() == ["b.ckpt"]
    place = document.text.index("CKPT")
    document.edit(place, place + 4, "PATH")  # the constant is another one now
    assert path() == ["b.ckpt"]
    place = document.text.index("(CKPT") + 1
    document.edit(place, place + 4, "PATH")
    assert path() == ["a.ckpt"]
    document.edit(document.text.index("from settings"), document.text.index("Q = "), "")
    assert path() == ["a.ckpt"]
