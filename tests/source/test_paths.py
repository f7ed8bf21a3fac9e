"""What becomes of a path on its way from a literal to the call that opens it."""

from __future__ import annotations

import pytest

from ckptls.source.modules import Environment
from source.told import paths

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
