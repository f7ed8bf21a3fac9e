"""What a person sees in Emacs with the snippet of docs/editors.md and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import until
from e2e.snippets import snippet

READ = "reader = tf.train.load_checkpoint(CHECKPOINT)"


class Emacs:
    """An Emacs in a terminal, into which keys are typed; its own client tells what it holds."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        init = Path(environment["HOME"]) / ".emacs.d" / "init.el"
        init.parent.mkdir()
        init.write_text(snippet("Emacs with eglot", "elisp"))
        # Emacs looks for the root of a project by its version control.
        (folder / ".git").mkdir()
        self._environment = environment
        listen = '(progn (require (quote server)) (setq server-name "ckptls") (server-start))'
        self._keyboard, terminal = os.openpty()
        self.process = subprocess.Popen(
            [
                "setsid",
                "--ctty",
                "--wait",
                "emacs",
                "--no-window-system",
                "--eval",
                listen,
                "finetune.py",
            ],
            cwd=folder,
            env=environment | {"TERM": "xterm"},
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.DEVNULL,
        )
        os.close(terminal)
        threading.Thread(target=self._draw, daemon=True).start()
        until("Emacs listens", lambda: self._ask("t", is_first=True))

    def _draw(self) -> None:
        """Takes what is drawn on the screen, which nobody looks at."""
        with contextlib.suppress(OSError):
            while os.read(self._keyboard, 65536):
                pass

    def keys(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def _ask(self, form: str, *, is_first: bool = False) -> str:
        done = subprocess.run(
            ["emacsclient", "--socket-name=ckptls", "--eval", form],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert is_first or not done.returncode, done.stderr
        return done.stdout.strip()

    def ask(self, form: str) -> str:
        """The value of a form in the buffer of the file, as a text."""
        text = self._ask(f'(with-current-buffer "finetune.py" (format "%s" {form}))')
        return str(json.loads(text))

    def end(self) -> None:
        self._ask(
            "(let ((kill-emacs-hook nil)) (set-buffer-modified-p nil) (kill-emacs))", is_first=True
        )
        self.process.wait(30)


@pytest.fixture(scope="module")
def emacs(example: Path, environment: dict[str, str]) -> Iterator[Emacs]:
    emacs = Emacs(example, environment)
    until("the server runs", lambda: emacs.ask("(and (eglot-current-server) t)") == "t")
    yield emacs
    emacs.end()


FINDINGS = "(mapcar #'flymake-diagnostic-text (flymake-diagnostics))"
LINE = "(buffer-substring-no-properties (line-beginning-position) (line-end-position))"
RETURN, META, UNDO = "\r", "\x1b", "\x1f"


def go_to(emacs: Emacs, text: str) -> None:
    """Puts the cursor behind a text, as somebody does who looks for it."""
    emacs.keys(f"{META}<\x13{text}{RETURN}")


def test_a_name_is_offered_and_written(emacs: Emacs):
    go_to(emacs, READ)
    emacs.keys("\n    w = reader.get_tensor('vgg_16/mean")
    until("it is typed", lambda: emacs.ask(LINE).endswith("mean"))
    emacs.keys(f"{META}\t")
    until("the name stands there", lambda: "get_tensor('vgg_16/mean_rgb" in emacs.ask(LINE))
    emacs.ask("(revert-buffer t t t)")


BASIC = "(setq completion-category-defaults nil completion-styles '(basic))"
OF_EGLOT = "(setq completion-category-defaults '((eglot (styles flex basic))))"


@pytest.mark.parametrize("style", [OF_EGLOT, BASIC])
def test_what_is_written_goes_behind_the_last_slash(emacs: Emacs, style: str):
    emacs.ask(style)
    go_to(emacs, READ)
    emacs.keys("\n    w = reader.get_tensor('vgg_16/conv1/conv1_1/w")
    until("it is typed", lambda: emacs.ask(LINE).endswith("_1/w"))
    emacs.keys(f"{META}\t")
    until("the name stands there", lambda: emacs.ask(LINE).endswith("weights"))
    assert emacs.ask(LINE).endswith("get_tensor('vgg_16/conv1/conv1_1/weights")
    emacs.ask("(revert-buffer t t t)")


def test_hover_tells_the_shape(emacs: Emacs):
    go_to(emacs, "mean_")
    emacs.keys("\x06")  # ElDoc tells what is under a cursor that has moved
    told = '(with-current-buffer " *Echo Area 0*" (buffer-string))'
    until("the hover is told", lambda: "mean_rgb" in emacs.ask(told))
    assert "float32 [3]" in emacs.ask(told)


def test_a_slip_is_marked_and_a_right_name_is_not(emacs: Emacs):
    assert emacs.ask(FINDINGS) == "nil"
    go_to(emacs, "vgg_16/mean")
    emacs.keys("s")
    until("it is marked", lambda: "vgg_16/mean_rgb" in emacs.ask(FINDINGS))
    emacs.keys("\x7f")
    until("the mark is gone", lambda: emacs.ask(FINDINGS) == "nil")
