"""Settings of the character spotter: its network and what counts as a character. Each default is given here."""

from __future__ import annotations

from dataclasses import dataclass

CELL = 4
"""Page pixels (after resizing) for each cell of the spotter's output."""


@dataclass(frozen=True, slots=True)
class SpotterConfig:
    """The network.

    Attributes:
        stem: Channels of the convolutional stem at stride 2, 4 and 8; the upsampling head ends at stride 4 with as many
            as the stem has there.
        width: Channels of the vision transformer, whose tokens are 16 pixels apart.
        depth: Transformer blocks.
        heads: Attention heads a block.
        mlp_ratio: Hidden channels of a block's MLP for each channel of ``width``.
        window: Side of an attention window in tokens.
        hidden: Hidden channels of the class head.
        backbone: Name of a vision transformer of timm or the model hub, or a folder with one, whose patch embedding,
            positions, blocks and norm replace the small ones above (``width``, ``depth``,
            ``heads`` and ``mlp_ratio`` are then its own).
        pretrained: Whether ``backbone`` starts from its published weights.
        strip: Length in tokens of the long, narrow attention windows of every second block; 0 has none.
        head_width: Channels of an attention head; 0: ``width / heads``. Pruning (``ocr compress prune``) sets it.
        context: Transformer blocks that go along each line of characters once it is linked; 0 has none.
        context_width: Their channels, a multiple of 6.
        rank: Share of the channels that convolutions which change neither their number nor the size of the page
            look around with, above 0; 1 has all of them, less is quicker (``ocr compress prune --rank``).
        stem_rank: The same for those of the stem alone, where less loses least; counts where it is below ``rank``.
    """

    stem: tuple[int, int, int] = (24, 64, 128)
    width: int = 224
    depth: int = 6
    heads: int = 7
    mlp_ratio: float = 3.0
    window: int = 8
    hidden: int = 384
    backbone: str = ""
    pretrained: bool = False
    strip: int = 12
    head_width: int = 0
    context: int = 2
    context_width: int = 192
    rank: float = 1.0
    stem_rank: float = 1.0


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """What the spotter learns to mark, in pixels of the resized page.

    Attributes:
        heights: Line heights of the characters it is to find; smaller and larger ones are neither wanted nor punished.
        along: Standard deviation of a character's peak along the line, in widths of the character.
        across: The same across the line, in line heights.
        alignment: Weight of the text of lines whose characters are not labelled one by one; 0 leaves them alone.
        core: Height of the peak, 0 to 1, from which a cell also learns class, geometry and link.
    """

    heights: tuple[float, float] = (9.0, 80.0)
    along: float = 0.22
    across: float = 0.11
    core: float = 0.35
    alignment: float = 0.0
