"""Names that are followed through functions, classes and closures to where they are written."""

from __future__ import annotations

from ckptls.source.document import Document
from ckptls.source.semantics.sites import Role
from source.told import HEAD, sites, told


def marked(snippet: str) -> list[str]:
    """What is written at the sites that name variables of a checkpoint."""
    document = Document(HEAD + snippet)
    return [
        document.text[part.span.start : part.span.end]
        for site in document.analysis().sites
        if site.role is Role.VARIABLE
        for part in site.parts
    ]


def test_a_parameter_is_what_the_calls_give_it():
    assert told(
        """
        def load(path, name="w"):
            return tf.train.load_checkpoint(path).get_tensor(name)

        load("a.ckpt")
        load(path="b.ckpt", name="v")
        load(*["c.ckpt", "u"])
        load(**{"path": "d.ckpt"})
        """
    ) == [
        *("path a.ckpt", "variable w < a.ckpt, d.ckpt", "path b.ckpt", "variable v < b.ckpt"),
        *("path c.ckpt", "variable u < c.ckpt", "path d.ckpt"),
    ]


def test_a_wrapper_gives_its_role_to_the_strings_of_its_callers():
    snippet = """
reader = tf.train.load_checkpoint("a.ckpt")
def load(name):
    return reader.get_tensor("model/" + name + "/kernel")
load("dense")
"""
    (site,) = (s for s in sites(snippet) if s.role is Role.VARIABLE)
    assert site.text.literal == "model/dense/kernel"
    assert marked(snippet) == ["model/", "dense", "/kernel"]


def test_a_closure_remembers_its_checkpoint():
    assert told(
        """
        def loader_of(path):
            def load(name):
                return tf.train.load_variable(path, name)
            return load

        def fill(model, load, layers=2):
            model.a = load("bert/embeddings")
            for i in range(layers):
                model.b = load("bert/layer_%d/kernel" % i)

        fill(make(), loader_of("a.ckpt"))
        first, second = loader_of("b.ckpt"), loader_of("c.ckpt")
        first("x")
        second("y")
        """
    ) == [
        *("path b.ckpt", "variable x < b.ckpt", "path c.ckpt", "variable y < c.ckpt"),
        *("path a.ckpt", "variable bert/embeddings < a.ckpt"),
        *("variable bert/layer_0/kernel < a.ckpt", "variable bert/layer_1/kernel < a.ckpt"),
    ]


def test_a_lambda_is_a_function_too():
    assert "variable m/x < a.ckpt" in told(
        """
        reader = tf.train.load_checkpoint("a.ckpt")
        load = lambda name: reader.get_tensor("m/" + name)
        load("x")
        """
    )


def test_readers_savers_and_maps_are_values():
    assert told(
        """
        def open_(path):
            return tf.train.load_checkpoint(path)

        class Restorer:
            def __init__(self, path):
                self.reader = open_(path)
                self.shapes = self.reader.get_variable_to_shape_map()
                self.names = dict(tf.train.list_variables(path))

            def all(self):
                self.reader.get_tensor("a")
                self.shapes["b"]
                self.names["c"]
                return [self.reader.get_tensor(n) for n in ("d", "e")]

        Restorer("a.ckpt").all()
        """
    ) == [
        "path a.ckpt",
        *("variable a < a.ckpt", "variable b < a.ckpt", "variable c < a.ckpt"),
        *("variable d < a.ckpt", "variable e < a.ckpt"),
    ]


def test_bases_classes_and_super():
    assert told(
        """
        class Base:
            def __init__(self, path):
                self.path = path

            def read(self, name):
                return tf.train.load_variable(self.path, name)

        class Model(Base):
            def __init__(self, path):
                super().__init__(path)

            def build(self):
                self.read("w")

        Model("a.ckpt").build()
        """
    )[-2:] == ["path a.ckpt", "variable w < a.ckpt"]


def test_class_methods_and_static_methods():
    found = told(
        """
        class Model:
            CKPT = "a.ckpt"

            @classmethod
            def read(cls, name):
                return tf.train.load_variable(cls.CKPT, name)

            @staticmethod
            def static(path, name):
                return tf.train.load_variable(path, name)

        Model.read("w")
        Model.static("b.ckpt", "v")
        """
    )
    assert sorted(found) == [
        *("path a.ckpt", "path b.ckpt", "variable v < b.ckpt", "variable w < a.ckpt"),
    ]


def test_names_of_a_list_are_checked_one_by_one():
    snippet = """
reader = tf.train.load_checkpoint("a.ckpt")
for n in ["conv1", "conv2"]:
    for k in ("weights", "biases"):
        reader.get_tensor("vgg_16/%s/%s" % (n, k))
"""
    assert told(snippet)[1:] == [
        *("variable vgg_16/conv1/weights < a.ckpt", "variable vgg_16/conv1/biases < a.ckpt"),
        *("variable vgg_16/conv2/weights < a.ckpt", "variable vgg_16/conv2/biases < a.ckpt"),
    ]
    assert marked(snippet)[:4] == ["vgg_16/", "conv1", "/", "weights"]


def test_loops_over_everything_that_gives_items():
    names = """
        read = tf.train.load_checkpoint("p").get_tensor
        D = {"a": "x", "b": "y"}
        for k, v in D.items(): read("items/" + k + v)
        for k in sorted(D): read("sorted/" + k)
        for i, n in enumerate(["a", "b"], 1): read("%s/%d" % (n, i))
        for n, m in zip(["a", "b"], ["c", "d"]): read(n + "/zip/" + m)
        import itertools
        for n, m in itertools.product("ab".split("b"), ["c"]): read(n + "/product/" + m)
        for n in list(map(lambda x: x + "/mapped", ["a"])): read(n)
        for n in [*["a"], "b"]: read(n + "/spread")
        for n in ["a"] + ["b"]: read(n + "/added")
        for n in reversed(["a"]): read(n + "/reversed")
        list_ = []
        for n in ["a", "b"]: list_.append(n + "/appended")
        for n in list_: read(n)
        [read(n + "/comprehension") for n in ["a", "b"] if n]
        {n: read(n + "/dict") for n in ["a"]}
        for i in range(1, 3): read("range_" + str(i))
        for i in range(unknown): read("block_%d/w" % i)
        for n in "a b".split(): read(n + "/split")
        """
    found = [line.removeprefix("variable ").removesuffix(" < p") for line in told(names)[1:]]
    assert found == [
        *("items/ax", "items/by", "sorted/a", "sorted/b", "a/1", "b/2", "a/zip/c", "b/zip/d"),
        *("a/product/c", "/product/c", "a/mapped"),
        *("a/spread", "b/spread", "a/added", "b/added"),
        *("a/reversed", "a/appended", "b/appended", "a/comprehension", "b/comprehension"),
        *("a/dict", "range_1", "range_2", "block_{}/w", "a/split", "b/split"),
    ]


def test_a_map_of_assignments_that_is_built_bit_by_bit():
    assert told(
        """
        mapping = {}
        for n in ("a", "b"):
            mapping["old/" + n] = "new/" + n
        mapping["old/"] = "new/"
        tf.train.init_from_checkpoint("a.ckpt", mapping)
        """
    ) == [
        "path a.ckpt",
        *("variable old/a < a.ckpt", "graph-variable new/a"),
        *("variable old/b < a.ckpt", "graph-variable new/b"),
        *("scope old/ < a.ckpt", "graph-scope new/"),
    ]


def test_functions_that_call_each_other_in_a_circle_are_all_run():
    assert "variable w < a.ckpt" in told(
        """
        def first(path, n):
            return second(path, n)

        def second(path, n):
            if n:
                return first(path, n - 1)
            return tf.train.load_variable(path, "w")

        first("a.ckpt", 3)
        """
    )


def test_a_partial_function_keeps_what_it_was_given():
    assert told(
        """
        import functools

        def read(path, name, scope=""):
            return tf.train.load_variable(path, scope + name)

        plain = functools.partial(read)
        of_net = functools.partial(read, "a.ckpt", scope="net/")
        plain("b.ckpt", "v")
        of_net("w")
        """
    ) == [
        *("path b.ckpt", "variable v < b.ckpt"),
        *("path a.ckpt", "variable net/w < a.ckpt"),
    ]
