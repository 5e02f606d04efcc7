"""Characters found on a page, as arrays: what decoding makes of the network's answers, before they are lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ocr.polygon import FloatArray, transform


@dataclass(frozen=True, slots=True)
class Spots:
    """M characters; lengths in pixels. They stand on the middle axis of their line, as in the labels."""

    centres: FloatArray  # (M, 2)
    heights: FloatArray  # (M,) of the line
    widths: FloatArray  # (M,) of the ink along the line
    along: FloatArray  # (M, 2) unit vector in reading direction
    way: FloatArray  # (M, 2) to where the next character should stand
    links: FloatArray  # (M, 3) probabilities of end, next, next after a space
    presence: FloatArray  # (M,) probability that a character is there
    certainty: FloatArray  # (M,) probability of its class
    symbols: NDArray[np.int64]  # (M, 3) classes of the alphabet, 0 for none
    options: NDArray[np.int64]  # (M, K, 3) the likeliest classes; K is 1 if alternatives are not asked for
    option_scores: FloatArray  # (M, K) and their log-probabilities
    features: NDArray[np.float32]  # (M, F) that tell the class once the line is known

    def __len__(self) -> int:
        return len(self.centres)

    @property
    def confidence(self) -> FloatArray:
        """Probability that the character is there and is read right."""
        return self.presence * self.certainty

    def height_quantile(self, part: float) -> float:
        """The height that this part of the characters stays under, the doubtful ones counted less: dots of a printer
        and specks are often taken for small characters, but hardly ever with confidence."""
        order = np.argsort(self.heights)
        reached = np.cumsum(self.confidence[order])
        return float(self.heights[order][np.searchsorted(reached, part * reached[-1])])

    @property
    def angles(self) -> FloatArray:
        """Direction in degrees clockwise from the x axis, -180 to 180."""
        return np.degrees(np.arctan2(self.along[:, 1], self.along[:, 0]))

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Spots:
        """Some of the characters."""
        if which.dtype == np.bool_ and which.all():
            return self
        return Spots(*(getattr(self, field.name)[which] for field in fields(self)))

    def moved(self, matrix: FloatArray) -> Spots:
        """After an affine map (2, 3) that turns, scales, shifts and stretches."""
        linear = matrix[:, :2]
        along = self.along @ linear.T
        longer = np.maximum(np.linalg.norm(along, axis=1), 1e-9)  # what stands across gains the rest of the area
        return replace(
            self,
            centres=transform(self.centres, matrix),
            heights=self.heights * float(abs(np.linalg.det(linear))) / longer,
            widths=self.widths * longer,
            along=along / longer[:, None],
            way=self.way @ linear.T,
        )


def joined(groups: Sequence[Spots]) -> Spots:
    """All characters of several groups."""
    if len(groups) == 1:
        return groups[0]
    return Spots(*(np.concatenate([getattr(group, field.name) for group in groups]) for field in fields(Spots)))
