"""Find a reader by name: the one place that knows which pipelines exist.

A third pipeline adds one folder under ``models/`` and one line to :data:`PIPELINES`.
"""

from __future__ import annotations

PIPELINES = {
    "two_stage": "ocr.models.two_stage",
}
