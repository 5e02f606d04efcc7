"""How the spotter's answers become lines of text. Each default is given here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpotConfig:
    """From the network's maps to characters.

    Attributes:
        presence: Probability from which a cell may stand for a character.
        faint: The same for a point or comma between digits.
        peak: Share of the highest presence among its neighbours that such a cell must reach.
        pitch: Part of the way to the next character that counts as the width of a narrow one.
        along: Two cells speak of the same character if the centres they name are closer than this many widths of the
            surer one along the line,
        across: and this many of its line heights across it.
        apart: The same along the line where both are certain to see different characters, as in ``ty`` of tight type.
        twin: The same where both are read as the same character: two letters never stand in each other's ink.
        closest: Distance in pixels along the line under which they always do.
        alternatives: Whether characters keep their likeliest readings; else only the one that is written.
    """

    presence: float = 0.25
    faint: float = 0.07
    peak: float = 0.6
    pitch: float = 1.0
    along: float = 0.45
    across: float = 0.35
    apart: float = 0.35
    twin: float = 0.75
    closest: float = 1.5
    alternatives: bool = False

    @property
    def least(self) -> float:
        """Presence from which the network tells of a cell at all."""
        return min(self.presence, self.faint)


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """From characters to lines.

    Attributes:
        tolerance: How far beyond the named place the next character may stand, in line heights.
        aside: How far beside the way there, in line heights.
        similar: Largest ratio of the heights of linked characters.
        bend: Largest angle in degrees between the directions of linked characters.
        gap: Ground in line heights over which a line that was taken to end goes on with another one in its row,
        even: at most so many times as high or low,
        certain: if the characters on both sides are at least so sure.
        space: Probability from which a space is written between linked characters; under a half, since spaces that are
            missed are ten times as many as those that are invented.
        minimum_confidence: Lines of a page of which the reader is less sure are left out;
        short_confidence: the same for lines of at most ``short`` characters without a digit or colon: specks, holes
            and strokes of the pen look like letters, but hardly ever like words;
        lone_confidence: the same for a single character that is more than ``lone_tall`` times as high as the page's
            middling line: punched holes, rings and brackets.
    """

    tolerance: float = 0.65
    aside: float = 0.35
    similar: float = 1.7
    bend: float = 40.0
    gap: float = 0.8
    even: float = 1.35
    certain: float = 0.3
    space: float = 0.3
    minimum_confidence: float = 0.3
    short_confidence: float = 0.5
    short: int = 2
    lone_confidence: float = 0.7
    lone_tall: float = 1.6


@dataclass(frozen=True, slots=True)
class LookConfig:
    """At which sizes and angles a page is looked at.

    Attributes:
        pixels: Area in pixels to which a page is resized for the first look; 1,024 x 1,408 for an A4 sheet.
        enlarge: Largest enlargement of a page.
        probe: Side in pixels of the resized page of the parts that are seen before the page is, to learn the size of
            its text;
        probes: how many there are;
        probe_worth: they are left out on pages that are not so many times larger,
        probe_least: and count if they show at least so many characters.
        line_height: Line height in pixels of the resized page that the smaller lines of a page should have;
        syllable_height: that of a page of Hangul, whose syllables have more strokes than letters;
        syllable_part: part of the characters that must be syllables for it.
        letter_width: Width of the middling letter, in line heights, under which lines are stretched to make it as wide;
        stretch: by so much at most.
        closer: By what factor a page must be enlarged for that, to be enlarged at all,
        again: and to be looked at again if that shows only after the first look.
        tall: How many times as high as they should be lines are from which the page is looked at again, smaller: there
            the network sees letters twice.
        small_part: Part of the characters that may be smaller than ``line_height`` without a second look.
        tile: Side of a square whose area is that of the largest tile.
        overlap: Overlap of neighbouring tiles in pixels.
        shrink: By how much the page is shrunk to look for large text.
        large: Line height in pixels of the resized page from which text is taken from the shrunk page.
        further_confidence: Confidence of characters that are found from further away still, where little is text.
        beyond: Up to how many times that height it is taken from the page as it is as well, the surer of both: they do
            not agree on a height, and a character about the limit would be in neither.
        tilt: Largest angle in degrees of text that is read as it stands; if much of the text is tilted further, the
            page is turned and looked at again.
        group: A character speaks for a direction if its own is within so many degrees of it.
        plain: Part of the characters that must speak for an upright page to take it for one without trying it turned,
        plain_confidence: and what their confidence must be on average.
        settled: How many times as well a window must be read another way than as most characters of the page stand.
        window: Side in pixels of the resized page of the part that is tried both ways;
        clear: by so many times one way must be better to settle it, else a part of twice the side is tried.
        against: Part of a block's characters that must say that they stand on their heads for a look that way.
        group_part: Part of the page's characters that must have a direction of their own for a look of its own,
        group_size: and the least number of them.
    """

    pixels: int = 1024 * 1408
    enlarge: float = 2.5
    probe: int = 384
    probes: int = 2
    probe_worth: float = 2.5
    probe_least: int = 24
    line_height: float = 22.0
    syllable_height: float = 28.0
    syllable_part: float = 0.3
    letter_width: float = 0.54
    stretch: float = 1.25
    closer: float = 1.1
    again: float = 1.25
    tall: float = 1.15
    small_part: float = 0.25
    tile: int = 1792
    overlap: int = 128
    shrink: float = 2.5
    large: float = 40.0
    further_confidence: float = 0.5
    beyond: float = 1.2
    tilt: float = 7.0
    group: float = 30.0
    plain: float = 0.99
    plain_confidence: float = 0.4
    settled: float = 1.1
    window: int = 512
    clear: float = 1.4
    against: float = 0.03
    group_part: float = 0.015
    group_size: int = 8
