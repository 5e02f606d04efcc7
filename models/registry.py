"""Which pipelines exist. A third one adds one folder under ``models/`` and one line here.

Each module offers ``config_class()``, ``open_reader(folder)`` (no torch) and ``build(config, alphabet)`` (torch).
"""

from __future__ import annotations

PIPELINES = {
    "end2end": "ocr.models.end2end",
    "two_stage": "ocr.models.two_stage",
}

TRAINED = {**PIPELINES, "corrector": "ocr.models.corrector"}
"""What ``ocr train`` knows: the pipelines, and the language model that corrects what they read."""
