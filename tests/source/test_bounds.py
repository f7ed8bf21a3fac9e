"""Code that leads in circles, or grows while it runs, is understood in time all the same."""

from __future__ import annotations

from source.told import told

READ = "tf.train.load_variable('a.ckpt', 'w')\n"
SITES = ["path a.ckpt", "variable w < a.ckpt"]


def test_a_base_that_a_local_name_hides_leads_in_no_circle():
    code = """
        import task

        class Task(task.Base):
            pass

        def run(task=Task()):
            tf.train.load_variable(task.path, 'v')

        run()
    """
    assert "variable w < a.ckpt" in told(code + "\n        " + READ)


def test_a_class_that_is_made_from_a_member_of_itself_has_an_end():
    code = """
        class Task(Task.Inner):
            pass

        Task().names
    """
    assert told(code + "\n        " + READ) == SITES


def test_a_property_of_another_module_that_only_raises_gives_nothing(project):
    project.checkpoint("a.ckpt", w=[2])
    project.file(
        "client.py",
        """
        class Client:
            @property
            def status(self):
                raise NotImplementedError
        """,
    )
    project.checks("""
        from client import Client
        Client().status
        tf.train.load_variable("a.ckpt", "v")  # error: [unknown-variable]
    """)


def test_lists_that_are_added_to_themselves_in_a_loop_stay_small():
    code = """
        def grown(items, more):
            for each in more:
                items = [items, items + [each, items]]
                if each:
                    items += [items, each]
            return items

        names = grown(['a'], ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm'])
        names = grown(names, names)
    """
    assert told(code + "\n        " + READ) == SITES
