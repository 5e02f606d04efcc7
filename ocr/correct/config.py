"""How lines are corrected: the only place for these defaults. ``scripts/calibrate_correction.py`` chose them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CorrectionConfig:
    """Attributes:
    weight: Of the language model's log-probability beside the recogniser's.
    share: Of a second language model, if there is one, in that weight.
    bonus: Added for each character, in nats: a language model likes short texts.
    beam: Texts of a line kept at each doubt.
    spread: Readings that the recogniser finds less likely than its first by more nats than this are not looked at.
    floor: Log-probability below which no reading is believed, whatever the language model says.
    sure: Probability of a reading from which it is left alone.
    gain: Nats by which a change of letters must win over what was read, all counted.
    gain_signs: The same for a change of spaces and punctuation alone, on which writers differ.
    gain_length: The same for letters that come in or fall out, and for any change in a line of capitals.
    close: Digits, codes, addresses and amounts change only between readings as close as this to the recogniser, in
        nats.
    close_signs: The same where signs come in or fall out.
    close_names: The same for words that look like names.
    length: Largest part of its length that a line may grow or shrink by.
    edits: Largest part of a line's characters that may change.
    context: Characters of the line before that the language model sees.
    """

    weight: float = 0.5
    share: float = 0.5
    bonus: float = 0.5
    beam: int = 5
    spread: float = 7.0
    floor: float = -8.0
    sure: float = 0.97
    gain: float = 1.5
    gain_signs: float = 3.0
    gain_length: float = 3.0
    close: float = 0.0
    close_signs: float = 0.0
    close_names: float = 1.5
    length: float = 0.25
    edits: float = 0.4
    context: int = 24
