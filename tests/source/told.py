"""Sites of a snippet as lines to compare: `role text < paths`."""

from __future__ import annotations

from textwrap import dedent

from ckptls.source.document import Document
from ckptls.source.semantics.module import NOWHERE, Environment
from ckptls.source.semantics.sites import Role, Site

HEAD = "import tensorflow as tf\nimport tf_slim as slim\nimport os\n"


def sites(snippet: str, environment: Environment = NOWHERE) -> tuple[Site, ...]:
    return Document(HEAD + dedent(snippet), environment=environment).analysis().sites


def told(snippet: str, environment: Environment = NOWHERE) -> list[str]:
    """Each site once, with its scopes and, behind `<`, the paths it is about."""
    found = []
    for site in sites(snippet, environment):
        line = f"{site.role.value} {site.full_text.template}"
        if site.role is not Role.PATH:
            paths = [use.text.template + ("/*" if use.is_latest else "") for use in site.paths]
            line += " < " + ", ".join(paths) if paths else ""
        found.append(line)
    return list(dict.fromkeys(found))


def paths(expression: str, before: str = "", environment: Environment = NOWHERE) -> list[str]:
    """The paths that an expression may mean, where a checkpoint is opened with it."""
    code = dedent(before) + f"\ntf.train.load_checkpoint({expression}).get_tensor('n')\n"
    return sorted(
        {
            f"${use.flag}" if use.flag is not None else use.text.template
            for site in sites(code, environment)
            if site.role is Role.VARIABLE
            for use in site.paths
        }
    )
