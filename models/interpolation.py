"""Weights part of the way from a model to what training made of it (WiSE-FT, arXiv 2109.01903).

What training won on one's own documents mostly lasts half of the way back, and what it lost elsewhere mostly does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ocr.models.adapt import is_first_narrow


def interpolated(start: Mapping[str, Tensor], trained: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """``share`` (0 to 1) of the way from the tensors before training to those after it, both by name.

    Of the two narrow matrices of LoRA, whose product is what counts, the first stays as it was trained and the second
    starts at zero: so the product is that share of the trained one. Counters stay as they were trained.
    """
    return {
        name: tensor if is_first_narrow(name) or not tensor.is_floating_point() else start[name].lerp(tensor, share)
        for name, tensor in trained.items()
    }
