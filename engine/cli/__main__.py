"""`python -m venuetree.cli`: the command without its script."""

import sys

from venuetree.cli.app import main

sys.exit(main())
