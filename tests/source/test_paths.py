"""What becomes of a path on its way from a literal to the call that opens it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from ckptls.source.semantics.module import Environment
from source.told import paths, sites

HERE = Environment("/home/me/project/tools/train.py")


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("Path('d') / 'a.ckpt'", "d/a.ckpt"),
        ("str(Path('d').joinpath('e', 'a.ckpt'))", "d/e/a.ckpt"),
        ("os.fspath(Path('d/x.index').with_suffix('.ckpt'))", "d/x.ckpt"),
        ("Path('d/x/y').parent / 'a.ckpt'", "d/x/a.ckpt"),
        ("Path('d/x/y').parents[1] / 'a.ckpt'", "d/a.ckpt"),
        ("Path('d/x.py').stem + '.ckpt'", "x.ckpt"),
        ("Path('d/x').with_name('a.ckpt').as_posix()", "d/a.ckpt"),
        ("Path('~/a.ckpt').expanduser()", "~/a.ckpt"),
        ("Path.home() / 'a.ckpt'", "~/a.ckpt"),
        ("os.path.join('d', 'e', 'a.ckpt')", "d/e/a.ckpt"),
        ("os.path.join('d', '/abs', 'a.ckpt')", "/abs/a.ckpt"),
        ("os.path.expanduser('~/a.ckpt')", "~/a.ckpt"),
        ("os.path.abspath(os.path.join('d', 'a.ckpt'))", "d/a.ckpt"),
        ("os.path.splitext('d/a.ckpt.meta')[0]", "d/a.ckpt"),
        ("os.path.split('d/a.ckpt')[1]", "a.ckpt"),
        ("os.path.dirname('d/e/f') + '/a.ckpt'", "d/e/a.ckpt"),
        ("os.path.join(os.getcwd(), 'a.ckpt')", "./a.ckpt"),
        ("'%s/%s' % ('d', 'a.ckpt')", "d/a.ckpt"),
        ("'%(d)s/a.ckpt' % {'d': 'x'}", "x/a.ckpt"),
        ("'model.ckpt-%05d' % 7", "model.ckpt-00007"),
        ("'{}/{name}'.format('d', name='a.ckpt')", "d/a.ckpt"),
        ("'{0}/{0}-{1:03d}'.format('d', 5)", "d/d-005"),
        ("f'{STEP:04d}.ckpt'", "0100.ckpt"),
        ('f\'{os.path.join("d", "e")}/a.ckpt\'', "d/e/a.ckpt"),
        ("'d' + '/' + 'a.ckpt'", "d/a.ckpt"),
        ("'d/a.index'.replace('.index', '.ckpt')", "d/a.ckpt"),
        ("'a.ckpt.meta'.split('.meta')[0]", "a.ckpt"),
        ("'d/a.ckpt-7'.rsplit('-', 1)[0]", "d/a.ckpt"),
        ("'d/a.ckpt.index'[:-6]", "d/a.ckpt"),
        ("' a.ckpt\\n'.strip()", "a.ckpt"),
        ("'A.CKPT'.lower()", "a.ckpt"),
        ("'/'.join(['d', 'a.ckpt'])", "d/a.ckpt"),
        ("os.path.join(*['d', 'a.ckpt'])", "d/a.ckpt"),
        ("tf.io.gfile.join('d', 'a.ckpt')", "d/a.ckpt"),
        ("'a.ckpt'.encode('utf-8').decode()", "a.ckpt"),
    ],
)
def test_what_python_does_to_a_path(expression, path):
    assert paths(expression, "from pathlib import Path\nSTEP = 100") == [path]


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("Path(__file__).parent / 'a.ckpt'", "/home/me/project/tools/a.ckpt"),
        ("Path(__file__).resolve().parents[1] / 'a.ckpt'", "/home/me/project/a.ckpt"),
        (
            "os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'a.ckpt')",
            "/home/me/project/tools/../a.ckpt",
        ),
    ],
)
def test_paths_beside_the_file_itself(expression, path):
    assert paths(expression, "from pathlib import Path", HERE) == [path]
    (unknown,) = paths(expression, "from pathlib import Path")
    assert "{}" in unknown


@pytest.mark.parametrize(
    ("code", "expression"),
    [
        ("", "'a.ckpt' if big else 'b.ckpt'"),
        ("", "flag and 'a.ckpt' or 'b.ckpt'"),
        ("P = {'big': 'a.ckpt', 'small': 'b.ckpt'}", "P[kind]"),
        ("P = {'big': 'a.ckpt', 'small': 'b.ckpt'}", "P.get(kind)"),
        ("P = ('a.ckpt', 'b.ckpt')", "P[kind]"),
        ("p = 'a.ckpt'\nif small:\n    p = 'b.ckpt'", "p"),
        ("try:\n    import x\n    p = 'a.ckpt'\nexcept ImportError:\n    p = 'b.ckpt'", "p"),
        ("def f():\n    if big:\n        return 'a.ckpt'\n    return 'b.ckpt'", "f()"),
    ],
)
def test_everything_that_may_be_meant(code, expression):
    assert paths(expression, code) == ["a.ckpt", "b.ckpt"]


def test_what_is_known_is_chosen():
    code = "P = {'big': 'a.ckpt', 'small': 'b.ckpt'}\nkind = 'small'"
    assert paths("P[kind]", code) == ["b.ckpt"]
    assert paths("P['big']", code) == ["a.ckpt"]
    assert paths("[p for p in ['a.ckpt', 'b.ckpt']][1]", code) == ["b.ckpt"]


def test_a_part_that_is_not_known_is_a_hole():
    assert paths("os.path.join(unknown, 'a.ckpt')") == ["{}/a.ckpt"]
    assert paths("'%s-%d' % ('a.ckpt', unknown)") == ["a.ckpt-{}"]
    assert paths("f'{unknown}/a.ckpt'") == ["{}/a.ckpt"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("sorted(['b.ckpt', 'a.ckpt'])[-1]", ["b.ckpt"]),
        ("sorted(('b.ckpt', 'a.ckpt'))[0]", ["a.ckpt"]),
        ("max(['b.ckpt', 'a.ckpt'])", ["b.ckpt"]),
        ("min('b.ckpt', 'a.ckpt')", ["a.ckpt"]),
        ("list(reversed(['b.ckpt', 'a.ckpt']))[0]", ["a.ckpt"]),
        # Which of them it is, the program decides.
        ("sorted(['b.ckpt', 'a.ckpt'], key=step)[-1]", ["a.ckpt", "b.ckpt"]),
        ("sorted(['b.ckpt', 'a.ckpt'], reverse=True)[:1][0]", ["a.ckpt", "b.ckpt"]),
        ("max(['b.ckpt', 'a.ckpt'], key=os.path.getmtime)", ["a.ckpt", "b.ckpt"]),
        ("list(sorted(['b.ckpt', 'a.ckpt'], key=step))[0]", ["a.ckpt", "b.ckpt"]),
        # Nobody knows what else there is.
        ("max(['b.ckpt', unknown])", ["{}"]),
        ("max(glob.glob('*.ckpt'))", ["{}"]),
    ],
)
def test_the_last_of_a_list_is_the_last_in_its_order(expression, found):
    assert paths(expression, "import glob") == found


def test_what_is_sorted_by_a_key_is_paired_with_nothing():
    code = """
        for path, name in zip(sorted(["b.ckpt", "a.ckpt"], key=step), ["x", "y"]):
            pass
        first, second = sorted(["b.ckpt", "a.ckpt"], key=step)
        """
    assert paths("path", code) == ["a.ckpt", "b.ckpt"]
    assert paths("first", code) == ["a.ckpt", "b.ckpt"]


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("Template('$d/model.ckpt').substitute(d='x')", "x/model.ckpt"),
        ("Template('${d}/m$$.ckpt').safe_substitute({'d': 'x'})", "x/m$.ckpt"),
        ("T.substitute(D, name='a')", "x/a.ckpt"),
        ("T.substitute(name='a')", "{}/a.ckpt"),
        ("T.substitute(d=unknown, name='a')", "{}/a.ckpt"),
        ("os.sep.join(['d', 'a.ckpt'])", "d/a.ckpt"),
        ("'d' + os.path.sep + 'a.ckpt'", "d/a.ckpt"),
    ],
)
def test_templates_of_dollars_and_constants_of_os(expression, path):
    code = "from string import Template\nT = Template('$d/$name.ckpt')\nD = {'d': 'x'}"
    assert paths(expression, code) == [path]


def test_saving_gives_the_path_back():
    code = """
        saver, checkpoint = tf.train.Saver(), tf.train.Checkpoint(net=net)
        plain = saver.save(session, "d/a.ckpt")
        tenth = saver.save(session, "d/a.ckpt", global_step=10)
        some = saver.save(session, "d/a.ckpt", global_step=step)
        numbered = checkpoint.save("d/b")
        written = checkpoint.write("d/b")
        other = thing.save("d/c")
        """
    assert paths("plain", code) == ["d/a.ckpt"]
    assert paths("tenth", code) == ["d/a.ckpt-10"]
    assert paths("some", code) == ["d/a.ckpt-{}"]
    assert paths("numbered", code) == ["d/b-{}"]
    assert paths("written", code) == ["d/b"]
    assert paths("other", code) == ["{}"]


def test_a_manager_gives_the_path_back_that_it_has_saved_to():
    code = """
        def made(directory, **options):
            checkpoint = tf.train.Checkpoint(net=net)
            return tf.train.CheckpointManager(checkpoint, directory, 3, **options)
        manager, named = made("d"), made("d/", checkpoint_name="net")
        unknown, callable_ = made(folder), made("d", checkpoint_name=name)
        """
    assert paths("manager.save()", code) == ["d/ckpt-{}"]
    assert paths("manager.save(7)", code) == ["d/ckpt-7"]
    assert paths("manager.save(checkpoint_number=step)", code) == ["d/ckpt-{}"]
    assert paths("named.save(checkpoint_number=7)", code) == ["d/net-7"]
    assert paths("callable_.save()", code) == ["d/{}-{}"]
    assert paths("unknown.save()", code) == ["{}"]


def test_the_name_of_the_newest_checkpoint_behind_its_directory():
    code = """
        state = tf.train.get_checkpoint_state("d")
        name = os.path.basename(state.model_checkpoint_path)
        asked = tf.train.get_checkpoint_state(FLAGS.folder)
        other = os.path.basename(asked.model_checkpoint_path)
        """
    from_flags = "from absl import flags\nFLAGS = flags.FLAGS\n" + dedent(code)
    assert paths("os.path.join('d', name)", code) == ["d"]
    assert paths("os.path.join(FLAGS.folder, other)", from_flags) == ["$folder"]
    # In another directory it is another checkpoint, and alone it is a file here.
    assert paths("os.path.join('e', name)", code) == ["e/{}"]
    assert paths("os.path.join(FLAGS.else_, other)", from_flags) == ["{}/{}"]
    assert paths("name", code) == ["{}"]


def test_what_a_function_assigns_to_a_name_of_the_module():
    code = """
        PATH, OTHER, LOCAL = None, "o.ckpt", "l.ckpt"
        def choose(name):
            global PATH, OTHER
            LOCAL = "no.ckpt"
            PATH = os.path.join("d", name)
            if name == "x":
                OTHER = "x.ckpt"
        choose("a.ckpt")
        """
    assert paths("PATH", code) == ["d/a.ckpt"]
    assert paths("OTHER", code) == ["o.ckpt", "x.ckpt"]
    assert paths("LOCAL", code) == ["l.ckpt"]


def test_functions_see_what_others_made_global():
    code = """
        def setup():
            global PATH
            PATH = "a.ckpt"
        PATH = None
        def read():
            tf.train.load_variable(PATH, "inside")
        """
    (site,) = [site for site in sites(code) if site.role.value == "variable"]
    assert [use.text.literal for use in site.paths] == ["a.ckpt"]
