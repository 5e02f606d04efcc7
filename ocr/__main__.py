"""``python -m ocr`` is the ``ocr`` command."""

import sys

from ocr.cli import main

sys.exit(main())
