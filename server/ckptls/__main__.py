"""`python -m ckptls` is the `ckptls` command."""

import os
import sys


def leave_out_working_directory() -> None:
    """Have modules not be looked for in the working directory, where `python -m` looks first.

    A folder that is checked must not bring modules of its own, such as `rapidfuzz.py`. It stays
    if the package itself lies there.
    """
    if getattr(sys.flags, "safe_path", False) or not sys.path:
        return
    package_parent = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    try:
        here = os.getcwd()
    except OSError:  # it has been removed
        here = ""
    if sys.path[0] in ("", here) and here != package_parent:
        del sys.path[0]


leave_out_working_directory()

from ckptls.cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
