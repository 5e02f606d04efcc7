"""How detected lines are cut out, recognised and accepted: the only place for these defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadingConfig:
    """Attributes:
    margin: Added above and below a detected line before it is cut out, in line heights.
    side_margin: The same at both ends.
    batch_pixels: Width of a recognizer batch in pixels, lines times padded width.
    chunk: Longest piece of a line in pixels of the line image; longer lines are read in overlapping pieces.
    overlap: Overlap of neighbouring pieces in pixels.
    space: Nats in favour of a space in every token, since more are missed than invented (scripts/LOG.md).
    minimum_height: Lowest line in page pixels, margins included; below it no letter has a shape, and a line image drawn
        to the recognizer's height is thousands of pixels long.
    minimum_confidence: Lines read with less confidence are taken for ornament or noise and dropped.
    lone_confidence: The same for characters that stand alone, which the detector has not found.
    straighten: Degrees from which a page that lies askew is turned straight to look for its lines; 45 and more: never.
    voters: The longest lines of a page are also read upside down; if most of them win by it, the page is turned.
    certainly_upright: Median confidence of the voters from which they are not read upside down. On 50 pages (receipts,
        forms, typescript, print) it was 0.64 to 0.84 on their heads; upright, only one of them had less than this.
    doubt: Confidence below which a line by itself is also read upside down.
    flip_gain: Confidence a line's upside-down reading must win by; an upright line is never flipped on a whim.
    page_flip_gain: The same for the median of the voters, and for lines of a page of which one stands on its head: then
        less is needed to be sure.
    """

    margin: float = 0.06
    side_margin: float = 0.2
    batch_pixels: int = 8192
    chunk: int = 1280
    overlap: int = 128
    space: float = 1.0
    minimum_height: float = 3.0
    minimum_confidence: float = 0.70
    lone_confidence: float = 0.80
    straighten: float = 1.5
    voters: int = 6
    certainly_upright: float = 0.92
    doubt: float = 0.75
    flip_gain: float = 0.15
    page_flip_gain: float = 0.04
