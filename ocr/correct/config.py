"""How lines are corrected: the only place for these defaults. ``scripts/calibrate_correction.py`` chose them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CorrectionConfig:
    """Attributes:
    weight: Of the language model's log-probability beside the recogniser's.
    share: Of a second language model, if there is one, in the weight of both.
    weight_both: ``weight`` where there are two language models: what both say can be trusted more.
    bonus_both: ``bonus`` where there are two.
    bonus: Added for each character, in nats: a language model likes short texts.
    beam: Texts of a line kept at each doubt.
    spread: Readings that the recogniser finds less likely than its first by more nats than this are not looked at.
    floor: Log-probability below which no reading is believed, whatever the language model says.
    sure: Probability of a reading from which it is left alone.
    gain: Nats by which a change of letters must win over what was read, all counted. This and what is added to it come
        from a logistic regression over changes that were right and wrong (``scripts/fit_guard.py``).
    gain_picture: Added for each nat by which the picture itself speaks against the change.
    gain_signs: Added for a change of spaces and punctuation alone, on which writers differ.
    gain_case: Added where only small letters and capitals change, or letters drawn like each other's: ``l`` and ``I``.
    gain_length: Added where letters come in or fall out.
    gain_capitals: Added in a line of capitals.
    gain_names: Added for a word that looks like a name.
    gain_lexicon: Nats by which an entry of a lexicon may lose against what was read, all counted (chosen on train
        receipts: scripts/LOG.md).
    company: Taken off for each other change in the line, up to two: a line with several doubts was hardly right.
    close: Digits, codes, addresses and amounts change only between readings as close as this to the recogniser, in
        nats; where other digits stand in the word, or one would become another, never against it.
    close_signs: The same where signs come in or fall out.
    close_names: The same for words that look like names.
    close_fewer: The same where letters fall out.
    length: Largest part of its length that a line may grow or shrink by.
    edits: Largest part of a line's characters that may change.
    context: Characters of the line before that the language model sees.
    """

    weight: float = 0.7
    share: float = 0.5
    weight_both: float = 0.75
    bonus_both: float = 0.6
    bonus: float = 0.5
    beam: int = 6
    spread: float = 6.0
    floor: float = -14.0
    sure: float = 0.97
    gain: float = 2.9
    gain_picture: float = 0.4
    gain_signs: float = 1.3
    gain_case: float = 1.6
    gain_length: float = 0.5
    gain_capitals: float = 0.9
    gain_names: float = 0.8
    gain_lexicon: float = 6.0
    company: float = 1.5
    close: float = 4.0
    close_signs: float = 0.0
    close_names: float = 3.0
    close_fewer: float = 2.5
    length: float = 0.25
    edits: float = 0.4
    context: int = 24


LIGHT = CorrectionConfig(beam=3)
"""What guides every reading (ocr/correct/prior.py): the same guard as that of ``--correct``, on fewer readings."""


@dataclass(frozen=True, slots=True)
class Temperature:
    """How the confidence of a word becomes the probability that it is right: its log-odds divided by ``temperature``
    (Guo et al., arXiv 1706.04599) plus ``offset`` (Platt scaling): a word that was corrected, and one of a reader that
    multiplies the confidences of many characters, is right more often than a temperature alone could say.
    """

    temperature: float
    offset: float


AS_READ = Temperature(1.0, 0.0)

TEMPERATURES = {"two_stage": Temperature(1.65, 0.55), "end2end": Temperature(1.54, 2.38)}
"""By pipeline, for guided and for corrected words: fitted by ``scripts/fit_temperature.py`` on rendered pages in fonts
for training and on pages of receipts and forms that are not reported (scripts/LOG.md)."""
