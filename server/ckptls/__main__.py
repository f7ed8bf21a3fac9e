"""`python -m ckptls` is the `ckptls` command."""

import sys

from ckptls.cli.main import main

sys.exit(main())
