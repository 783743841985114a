"""``python -m xc_analysis`` is ``xc``."""

from .cli import main

raise SystemExit(main())
