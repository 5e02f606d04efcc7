"""Convolutions in factors."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

import torch.nn.functional as F  # noqa: E402
from torch import Tensor  # noqa: E402

from ocr.models.factor import tucker  # noqa: E402


def moment(features: Tensor) -> Tensor:
    flat = features.transpose(0, 1).flatten(1).double()
    return flat @ flat.T


def through(x: Tensor, factors: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    first, core, last = factors
    return F.conv2d(F.conv2d(F.conv2d(x, first), core, padding=1), last)


def error(x: Tensor, weight: Tensor, ranks: tuple[int, int]) -> float:
    y = F.conv2d(x, weight, padding=1)
    factors = tucker(weight, moment(x), moment(y), ranks)
    shapes = [(ranks[0], 8, 1, 1), (ranks[1], ranks[0], 3, 3), (6, ranks[1], 1, 1)]
    assert [tuple(factor.shape) for factor in factors] == shapes
    return float((through(x, factors) - y).square().mean() / y.square().mean())


def test_all_directions_give_the_same_and_fewer_give_nearly_the_same() -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(6, 8, 3, 3, generator=generator)
    x = torch.randn(2, 8, 20, 20, generator=generator)
    errors = [error(x, weight, ranks) for ranks in ((8, 6), (6, 5), (3, 3))]
    assert errors[0] < 1e-8 < errors[1] < errors[2] < 1


def test_directions_that_never_occur_or_are_not_looked_at_cost_nothing() -> None:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(6, 8, 3, 3, generator=generator)
    seen = torch.randn(8, 3, generator=generator)
    x = torch.einsum("cr,nrhw->nchw", seen, torch.randn(2, 3, 20, 20, generator=generator))
    assert error(x, weight, (3, 6)) < 1e-6
    blind = torch.einsum("frhw,rc->fchw", weight[:, :3], torch.randn(3, 8, generator=generator))
    assert error(torch.randn(2, 8, 20, 20, generator=generator), blind, (3, 6)) < 1e-6
