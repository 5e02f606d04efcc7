"""Size of the line recognizer: the only place for its defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecognizerConfig:
    """``height`` px of a line image; ``stem`` channels of the stem; then a ViT of ``depth`` blocks of ``width``.

    The stem turns (1, height, W) into W/4 tokens; ``max_tokens`` is the longest line that positions exist for.

    Attributes:
        backbone: Name of a vision transformer of timm or the model hub, or a folder with one. It replaces stem and
            ViT (``stem``, ``width``, ``depth``, ``heads``, ``mlp_ratio``, ``dropout`` and ``drop_path`` then count
            for nothing).
        pretrained: Whether the backbone starts from its published weights.
        patch: Height and width in px that the backbone's patches are resampled to; rows of them fill the height of
            the line, the width is 4 or 8.
        window: Columns of patches over which the backbone's learnt positions are spread; longer lines repeat them.
        head_width: Channels of an attention head; 0: ``width / heads``. Pruning (``ocr compress prune``) sets it.
    """

    height: int = 32
    stem: tuple[int, int, int] = (32, 64, 128)
    width: int = 192
    depth: int = 6
    heads: int = 6
    mlp_ratio: float = 4.0
    dropout: float = 0.0
    drop_path: float = 0.0
    max_tokens: int = 1024
    backbone: str = ""
    pretrained: bool = False
    patch: tuple[int, int] = (16, 8)
    window: int = 98
    head_width: int = 0
