"""Size of the line recognizer: the only place for its defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecognizerConfig:
    """``height`` px of a line image; ``stem`` channels of the stem; then a ViT of ``depth`` blocks of ``width``.

    The stem turns (1, height, W) into W/4 tokens; ``max_tokens`` is the longest line that positions exist for.
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
