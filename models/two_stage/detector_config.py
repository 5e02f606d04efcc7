"""Settings of the text detector: its network, its target geometry and its decoding. Each default is given here."""

from __future__ import annotations

from dataclasses import dataclass

OUTPUT_STRIDE = 4
"""Page pixels (after resizing) for each cell of the detector's output map."""


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """The network.

    Attributes:
        stem: Channels of the convolutional stem at stride 2, 4 and 8.
        width: Channels of the vision transformer, whose tokens are 16 pixels apart.
        depth: Transformer blocks.
        heads: Attention heads a block.
        mlp_ratio: Hidden channels of a block's MLP for each channel of ``width``.
        window: Side of an attention window in tokens.
        head: Channels of the upsampling head at stride 8; half of them at stride 4.
        backbone: Name of a vision transformer of timm or the model hub, or a folder with one, whose patch embedding,
            positions, blocks and norm replace the small ones above (``width``, ``depth``,
            ``heads`` and ``mlp_ratio`` are then its own).
        pretrained: Whether ``backbone`` starts from its published weights.
        head_width: Channels of an attention head; 0: ``width / heads``. Pruning (``ocr compress prune``) sets it.
    """

    stem: tuple[int, int, int] = (12, 32, 64)
    width: int = 160
    depth: int = 4
    heads: int = 5
    mlp_ratio: float = 3.0
    window: int = 8
    head: int = 64
    backbone: str = ""
    pretrained: bool = False
    head_width: int = 0


@dataclass(frozen=True, slots=True)
class KernelConfig:
    """The kernel: the core of a text line that the network learns to mark, and from which decoding grows the line back.

    Lines of typescript touch each other, kernels do not (DBNet, arXiv 1911.08947, shrinks polygons on all sides alike;
    text lines stay apart at stride 4 only if the height shrinks more than the width).

    Attributes:
        height: Part of the line's height that the kernel keeps, around the middle.
        inset: How far each end is pulled in, in line heights.
        narrow: Largest part of the width that each end is pulled in: a lone 1 or colon is hardly wider than a cell.
        lone_weight: How much the kernels of one or two characters that stand alone count: a 1 or colon is a few cells
            among twenty thousand, and looks like a stroke that is no text.
        gap_weight: How much the cells of a line around its kernel count in the loss: they keep dense lines apart.
    """

    height: float = 0.5
    inset: float = 0.2
    narrow: float = 0.125
    lone_weight: float = 8.0
    gap_weight: float = 3.0


@dataclass(frozen=True, slots=True)
class DecodeConfig:
    """From the probability map to line boxes.

    Attributes:
        threshold: Probability from which a cell belongs to a kernel. Below one half, since the network is trained to
            be careful around kernels.
        certain: Probability that each kernel reaches somewhere.
        levels: Rising probabilities. Where kernels of neighbouring lines run together, the parts above the first level
            that shows them apart are taken as their middles.
        minimum_score: Mean probability a kernel needs.
        minimum_height: Smallest line height in pixels of the resized page.
        clear_aspect: Width over height from which a box tells its own direction; a shorter one (a page number) takes
            the direction of the page.
    """

    threshold: float = 0.3
    certain: float = 0.5
    levels: tuple[float, ...] = (0.5, 0.65, 0.8)
    minimum_score: float = 0.4
    minimum_height: float = 6.0
    clear_aspect: float = 3.0


@dataclass(frozen=True, slots=True)
class PrepareConfig:
    """From a page to the network's input.

    Attributes:
        pixels: Area in pixels to which a page is resized for the first look; 1,024 x 1,408 for an A4 sheet.
        farthest: Largest reduction of a page for the first look: on a plan or a poster small print would vanish unseen.
        enlarge: Largest enlargement of a page.
        line_height: Smallest line height in pixels of the resized page at which text is found reliably (an x-height of
            about 10 pixels); if the smaller lines of the first look fall below it, the page is looked at again, larger.
        small_part: Part of the lines that may be smaller than ``line_height`` without a second look.
        tile: Longest side of a tile of the second look.
        overlap: Overlap of neighbouring tiles in pixels.
    """

    pixels: int = 1024 * 1408
    farthest: float = 0.25
    enlarge: float = 2.0
    line_height: float = 20.0
    small_part: float = 0.3
    tile: int = 1536
    overlap: int = 192
