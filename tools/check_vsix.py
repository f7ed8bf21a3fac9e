"""Check a built .vsix: what is in it, how big it is, and that its server answers.

    python tools/check_vsix.py build/checkpoint-intellisense.vsix

The server is started out of the unpacked package, with every Python on the PATH that the bundle
says it is for, in an environment in which PYTHONPATH points at a trap.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MAX_PACKED_BYTES = 30_000_000
MAX_BUNDLE_JS_BYTES = 700_000
NEEDED = (
    "extension/package.json",
    "extension/readme.md",
    "extension/LICENSE.txt",
    "extension/media/icon.png",
    "extension/out/extension.js",
    "extension/out/licenses.txt",
    "extension/bundled/launch.py",
    "extension/bundled/bundle.json",
    "extension/bundled/libs/ckptls/lsp/__init__.py",
    "extension/bundled/libs/tree_sitter_python/_binding.abi3.so",
)
UNWANTED = re.compile(
    r"node_modules/|\.venv/|site-packages/|__pycache__|\.pyc$|\.map$|\.ts$|\.env$|\.git/"
    r"|direct_url\.json$|/tests?/"
)
# A path of the machine that built it has no place in what it built.
BUILT_HERE = re.compile(rb"sourceMappingURL|" + re.escape(str(Path(__file__).parents[1]).encode()))


def main() -> int:
    vsix = Path(sys.argv[1])
    failures = check_content(vsix)
    with tempfile.TemporaryDirectory(prefix="ckptls-vsix-") as folder:
        with zipfile.ZipFile(vsix) as archive:
            archive.extractall(folder)
        extension = Path(folder, "extension")
        failures += check_texts(extension)
        answers, silent = start_with_each_python(extension / "bundled")
    failures += silent
    for failure in failures:
        print(f"{vsix.name}: {failure}", file=sys.stderr)
    if not failures:
        print(f"{vsix.name}: {vsix.stat().st_size / 1e6:.1f} MB, the server {'; '.join(answers)}")
    return 1 if failures else 0


def check_content(vsix: Path) -> list[str]:
    with zipfile.ZipFile(vsix) as archive:
        names = archive.namelist()
        script = archive.getinfo("extension/out/extension.js").file_size
    failures = [f"{name} is missing" for name in NEEDED if name not in names]
    failures += [f"{name} does not belong here" for name in names if UNWANTED.search(name)]
    if (size := vsix.stat().st_size) > MAX_PACKED_BYTES:
        failures.append(f"it has {size} bytes, more than {MAX_PACKED_BYTES}")
    if script > MAX_BUNDLE_JS_BYTES:
        failures.append(f"extension.js has {script} bytes, more than {MAX_BUNDLE_JS_BYTES}")
    return failures


def check_texts(extension: Path) -> list[str]:
    own = [*extension.glob("out/*"), *extension.glob("bundled/libs/ckptls/**/*.py")]
    failures = [f"{p.name} names the machine that built it" for p in own if names_builder(p)]
    manifest = json.loads((extension / "package.json").read_text())
    bundle = json.loads((extension / "bundled" / "bundle.json").read_text())
    if manifest["version"] != bundle["version"]:
        failures.append(f"extension {manifest['version']} carries ckptls {bundle['version']}")
    return failures


def names_builder(path: Path) -> bool:
    return BUILT_HERE.search(path.read_bytes()) is not None


# ---------------------------------------------------------------- the server in it


def start_with_each_python(bundled: Path) -> tuple[list[str], list[str]]:
    """What the server answered under each Python, and what failed."""
    trap = bundled.parent / "trap"
    trap.mkdir()
    (trap / "pygls.py").write_text("raise ImportError('PYTHONPATH leaks into the server')\n")
    environment = os.environ | {"PYTHONPATH": str(trap)}
    answers, failures = [], []
    for version in json.loads((bundled / "bundle.json").read_text())["pythons"]:
        if (python := working_python(version)) is None:
            continue
        answer, error = ask_server([python, "-I", "-S", str(bundled / "launch.py")], environment)
        if answer:
            answers.append(f"answers on {version}")
        else:
            failures.append(f"its server does not start on Python {version}:\n{error}")
    if not answers and not failures:
        failures.append("no Python that it is for is on the PATH")
    return answers, failures


def working_python(version: str) -> str | None:
    """A Python of that version; a name on the PATH may be a shim with nothing behind it."""
    names = (f"python{version}", "python3", sys.executable)
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    for python in filter(None, map(shutil.which, names)):
        done = subprocess.run([python, "-c", question], check=False, capture_output=True, text=True)
        if done.stdout.strip() == version:
            return python
    return None


def ask_server(command: list[str], environment: dict[str, str]) -> tuple[bool, str]:
    """Initialize the server and let it end; its name must come back."""
    messages: list[dict[str, object]] = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    try:
        done = subprocess.run(
            [*command, "server"],
            input=b"".join(map(encode, messages)),
            check=False,
            capture_output=True,
            env=environment,
            timeout=30,
        )
    except subprocess.TimeoutExpired as error:
        return False, f"no end after {error.timeout} s"
    return b'"ckptls"' in done.stdout, done.stderr.decode(errors="replace")[-2000:]


def encode(message: dict[str, object]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


if __name__ == "__main__":
    sys.exit(main())
