"""Reading pages end to end: look at the page, link the characters it shows to lines, put the lines in order.

The network comes as a function; :mod:`ocr.models.end2end.onnx_reader` and the torch pipeline supply theirs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import cv2
import numpy as np

from ocr.document import Line, Page
from ocr.models.codec import LEADS, Alphabet
from ocr.models.end2end.assemble import assemble_line
from ocr.models.end2end.cut_at_rules import cut_at_rules
from ocr.models.end2end.faint_signs import apart, with_names_of_signs, with_signs
from ocr.models.end2end.linking import Indices, link_lines
from ocr.models.end2end.look import spot_page
from ocr.models.end2end.one_line import one_line
from ocr.models.end2end.one_look import Grey, resize
from ocr.models.end2end.reading_config import LinkConfig, LookConfig, SpotConfig
from ocr.models.end2end.reread import Context, reread
from ocr.models.end2end.rows import with_rows_joined
from ocr.models.end2end.spots import Spots
from ocr.models.end2end.spotter_decode import Network
from ocr.models.interface import Image
from ocr.models.page_blocks import page_blocks
from ocr.models.stray_hangul import LETTERS, SHARE, WON
from ocr.polygon import as_polygon, from_box

LINE_PIXELS = 28
"""Height in px that the image of a single line is brought to, its margins included."""

LINE_MARGIN = 12
"""Ground in px around the image of a single line: the network has learnt text on pages."""


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """Everything about reading that is not the network's weights."""

    spot: SpotConfig = field(default_factory=SpotConfig)
    link: LinkConfig = field(default_factory=LinkConfig)
    look: LookConfig = field(default_factory=LookConfig)


class End2EndReader:
    """A :class:`~ocr.models.interface.LineReader` over a character spotter."""

    pipeline: ClassVar[str] = "end2end"

    def __init__(
        self, network: Network, alphabet: Alphabet, settings: ReadingSettings, context: Context | None = None
    ) -> None:
        self._network, self._context, self.alphabet, self.settings = network, context, alphabet, settings
        self._leads, self._won = alphabet.known(LEADS), alphabet.known(WON)

    def with_alternatives(self) -> End2EndReader:
        """See :class:`~ocr.models.interface.DoubtingReader`."""
        spot = replace(self.settings.spot, alternatives=True)
        return End2EndReader(self._network, self.alphabet, replace(self.settings, spot=spot), self._context)

    def predict(self, images: Sequence[Image]) -> list[Page]:
        return [self._read_page(image) for image in images]

    def _read_page(self, image: Image) -> Page:
        height, width = image.shape[:2]
        grey = with_rows_joined(grey_of(image))
        spots, faint = apart(self._spots(grey, self.settings.look), self.settings.spot.presence)
        linked = cut_at_rules(grey, spots, link_lines(spots, self.settings.link))
        lines = self._lines(spots, faint, linked, image)
        usual = float(np.median([height_of(line) for line in lines])) if lines else 0.0
        lines = [line for line in lines if is_sure(line, self.settings.link, usual)]
        return Page(1, width, height, page_blocks(lines, grey))

    def _spots(self, grey: Grey, look: LookConfig) -> Spots:
        # a context tells the alternatives anew, so that they need not be found twice
        spot = self.settings.spot if self._context is None else replace(self.settings.spot, alternatives=False)
        return spot_page(grey, self._network, self._leads, look, spot)

    def _lines(self, spots: Spots, faint: Spots, linked: Sequence[Indices], image: Image) -> list[Line]:
        """The lines of linked characters that can be written, with the faint ones that they ask for."""
        link, size = self.settings.link, (image.shape[1], image.shape[0])
        known, (spots, linked) = len(spots), with_signs(spots, faint, linked, self.alphabet)
        if self._context is not None:
            told = reread(spots, linked, self._context, self.settings.spot.alternatives, self._unlikely(spots))
            spots = with_names_of_signs(told, spots, known)
        lines = [
            assemble_line(spots, line, self.alphabet, size, link, self.settings.spot.alternatives) for line in linked
        ]
        return [line for line in lines if line]

    def _unlikely(self, spots: Spots) -> list[int]:
        """Classes of bases that a page has none of: where there is no Hangul, what looks like a won sign is #."""
        hangul = np.isin(spots.symbols[:, 0], list(self._leads))
        return list(self._won) if len(spots) >= LETTERS and hangul.mean() <= SHARE else []

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        """Line crops (H, W, 3): the row of text in each; a crop without text gives a line with empty text."""
        return [self._read_line(image) for image in images]

    def _read_line(self, image: Image) -> Line:
        height, width = image.shape[:2]
        # at a scale that suits a line, and as it stands: a line has too few characters to tell its direction by
        look = replace(self.settings.look, group_part=2.0, plain=0.0)
        scale = LINE_PIXELS / height
        grey = resize(grey_of(image), scale)
        ground = int(np.median(grey))
        bordered = cv2.copyMakeBorder(grey, *(LINE_MARGIN,) * 4, cv2.BORDER_CONSTANT, value=ground)
        spots = self._spots(np.asarray(bordered, np.uint8), replace(look, enlarge=1.0))
        shift = -LINE_MARGIN / scale
        spots = spots.moved(np.array([[1 / scale, 0, shift], [0, 1 / scale, shift]]))
        spots, faint = apart(spots, self.settings.spot.presence)
        spots = one_line(spots)
        whole = as_polygon(from_box(0, 0, width, height))
        # however unsure: that there is a line was said by whoever cut it out
        lines = self._lines(spots, faint, [np.arange(len(spots))] if len(spots) else [], image)
        return replace(lines[0], polygon=whole) if lines else Line("", whole, 0.0)


def height_of(line: Line) -> float:
    """The length in pixels of the side at which a line begins."""
    return math.dist(line.polygon[0], line.polygon[-1])


def is_sure(line: Line, config: LinkConfig, usual: float) -> bool:
    """Whether a line is read surely enough to be written, on a page whose lines usually have this height in pixels."""
    if len(line.text) == 1 and height_of(line) > config.lone_tall * usual:
        return line.confidence >= config.lone_confidence
    counts = any(character.isdigit() or character == ":" for character in line.text)  # in columns they do stand alone
    short = not counts and len(line.text.replace(" ", "")) <= config.short
    return line.confidence >= (config.short_confidence if short else config.minimum_confidence)


def grey_of(image: Image) -> Grey:
    """RGB (H, W, 3) to grey (H, W)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
