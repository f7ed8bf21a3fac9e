"""Run the ckptls that lies beside this file:  python -I -S launch.py server

-I and -S keep PYTHONPATH, the user's and the environment's packages out, so that the only
libraries are those in libs/, which were tested together. No syntax here may be newer than
Python 2.7: an old interpreter must get as far as the message.
"""
# ruff: noqa: UP031, UP036

import os
import sys

if sys.version_info < (3, 10):
    sys.exit("ckptls needs Python 3.10 or newer; this is Python %d.%d" % sys.version_info[:2])

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "libs"))

from ckptls.cli.main import main

sys.exit(main())
