"""``python -m simd`` is the command line."""

import sys

from simd.cli import main

sys.exit(main())
