"""How the spotter's training crops are cut."""

from __future__ import annotations

from dataclasses import dataclass, field

from ocr.data.synthetic.degrade import Degradation


@dataclass(frozen=True, slots=True)
class SpotterCropConfig:
    """Attributes:
    size: Height and width of a crop in pixels, a multiple of 32.
    line_heights: Range of the height of the text lines in the middle of a crop, drawn on a logarithmic scale with the
        mode at a third of it: an x-height of 6 to 22 pixels, mostly about 10.
    enlarge: Largest enlargement of a page.
    tilt: Standard deviation in degrees of the tilt of most crops, which is limited to 10 degrees.
    quarter_turns: Part of the crops that are turned by 90, 180 or 270 degrees.
    any_angle: Part of the crops that are turned by any angle.
    anywhere: Part of the crops that are taken anywhere on the page instead of around a character.
    invert: Part of the crops with light text on dark ground.
    specimen: Part of the rendered pages that are type specimens, which hold most characters.
    degradation: How spoilt rendered pages are.
    disturbed: Part of the crops whose light, sharpness or compression is changed besides.
    pool: Pages kept in memory.
    crops_a_page: Crops for which a page stands by.
    """

    size: int = 384
    line_heights: tuple[float, float] = (12.0, 44.0)
    enlarge: float = 2.0
    tilt: float = 2.5
    quarter_turns: float = 0.1
    any_angle: float = 0.2
    anywhere: float = 0.05
    invert: float = 0.06
    specimen: float = 0.6
    degradation: Degradation = field(default_factory=lambda: Degradation(0.25, 0.45, 0.25, 0.05))
    disturbed: float = 0.5
    pool: int = 16
    crops_a_page: int = 6
