"""The series of training batches: which of them a process takes, and from which it goes on.

Batches are numbered from 0. Of N processes the one of rank k takes the numbers k, k + N, k + 2N ..., so that together
they train on what a single process with ``loop.accumulate`` N times as high would. Crops of pages are drawn by their
number alone. Lines are gathered to batches by width, so that a batch depends on what was drawn before it; they come
from lanes that take turns, and a :class:`Share` knows where each of them stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor
from torch.utils.data import Sampler

POSITION = "position"
"""Key of a batch of lines under which its lane's position comes along: int64 (3 + P,), see :class:`Share`."""


@dataclass(frozen=True, slots=True)
class Share:
    """A process's share of the series.

    Attributes:
        number: Batches of the series that all processes together have taken so far.
        rank: Number of this process among ``processes``.
        positions: Where lanes stand, by ``PART.LANE``: the number of lanes, the lane's own number, its next crop, and
            the crops that it has drawn and not yet given out.
    """

    number: int = 0
    rank: int = 0
    processes: int = 1
    positions: Mapping[str, Tensor] = field(default_factory=dict)

    def of_part(self, part: str) -> dict[int, list[int]]:
        """The positions of a part's lanes by their number."""
        found = (position.tolist() for name, position in self.positions.items() if name.split(".")[0] == part)
        return {position[1]: position for position in found}

    def lanes(self, part: str, workers: int) -> int:
        """How many lanes a part has: one a worker process, or as many as it had before if workers can share them."""
        wanted = self.processes * max(workers, 1)
        before = next((position[0] for position in self.of_part(part).values()), wanted)
        return before if before % wanted == 0 else wanted

    def turns(self, lanes: int, worker: int, workers: int) -> list[int]:
        """The lanes that a worker of this process takes batches from, in the order of their turns."""
        first = self.number + self.rank + worker * self.processes
        stride = self.processes * max(workers, 1)
        return [(first + turn * stride) % lanes for turn in range(lanes // stride)]


class SeriesSampler(Sampler[list[int]]):
    """The crops of each batch of a process's share, for a map-style dataset; never ends."""

    def __init__(self, share: Share, batch_size: int) -> None:
        self.share, self.batch_size = share, batch_size

    def __iter__(self) -> Iterator[list[int]]:
        number = self.share.number + self.share.rank
        while True:
            yield list(range(number * self.batch_size, (number + 1) * self.batch_size))
            number += self.share.processes
