"""How lines are corrected: the only place for these defaults. ``scripts/calibrate_correction.py`` chose them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CorrectionConfig:
    """Attributes:
    weight: Of the language model's log-probability beside the recogniser's.
    bonus: Added for each character, in nats: a language model likes short texts.
    beam: Texts of a line kept at each doubt.
    spread: Readings that the recogniser finds less likely than its first by more nats than this are not looked at.
    sure: Probability of a reading from which it is left alone.
    gain: Nats by which a change must win over what was read, all counted.
    close: Digits, codes, addresses, amounts and names change only between readings as close as this to the recogniser,
        in nats.
    length: Largest part of its length that a line may grow or shrink by.
    edits: Largest part of a line's characters that may change.
    context: Characters of the line before that the language model sees.
    """

    weight: float = 0.5
    bonus: float = 0.5
    beam: int = 5
    spread: float = 7.0
    sure: float = 0.97
    gain: float = 1.0
    close: float = 0.7
    length: float = 0.25
    edits: float = 0.4
    context: int = 24
