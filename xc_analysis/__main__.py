"""``python -m xc_analysis`` is ``xc``."""

import sys

from .cli import main

sys.exit(main())
