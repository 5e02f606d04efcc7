"""Lines that the detector joined across a drawn rule, cut there: cells may stand closer beside one than words do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ocr.models.drawn_rules import Rules, find_rules
from ocr.models.two_stage.cut_lines import Box, Divide, Parts, cut_lines, inked_parts
from ocr.models.two_stage.rectify import GreyImage
from ocr.polygon import FloatArray


def cut_at_rules(grey: GreyImage, quads: Sequence[FloatArray]) -> list[FloatArray]:
    """The lines (4, 2) of a page (H, W), or what lies between the rules across them and has ink."""
    return cut_lines(grey, quads, between_rules)


def between_rules(grey: GreyImage, height: float) -> Divide | None:
    """Divides boxes at the rules of a page (H, W) with lines of this height; None if it has none."""
    rules = find_rules(grey, height)
    return None if rules is None else partial(divide, rules)


def divide(rules: Rules, box: Box) -> Parts | None:
    cuts = rules.across(box, float(box[3] - box[1]))
    return inked_parts(rules.ink, box, cuts) if cuts else None
