"""Cheaper convolutions: a trained 3 x 3 convolution as one of fewer channels between two of 1 x 1.

Tucker-2 factors (arXiv 1511.06530), found not from the weights alone but from what the layer is given and gives on data
(second moments, as in arXiv 1505.06798): directions that never occur, or that the layer does not look at, cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ocr.models.trainable import Batch, Pipeline

FLOOR = 1e-9
"""Least variance of a direction, as a share of the largest: what is less is not told from nothing."""


class _Moments:
    """Second moments of what a convolution is given (C, C) and gives (F, F), summed over batches."""

    def __init__(self, layer: nn.Module) -> None:
        self.given: Tensor | float = 0.0
        self.made: Tensor | float = 0.0
        self.handle = layer.register_forward_hook(self.keep)

    def keep(self, layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        self.given = self.given + _moment(inputs[0])
        self.made = self.made + _moment(output)


@torch.no_grad()
def factored_state(plain: Pipeline, factored: Pipeline, batches: Sequence[Batch]) -> dict[str, Tensor]:
    """Tensors for ``factored``, which has the same layers as ``plain`` but for factored convolutions."""
    names = [name for name, module in plain.named_modules() if _factors(module, factored, name)]
    moments = {name: _Moments(plain.get_submodule(name)[0]) for name in names}  # type: ignore[index]
    plain.eval()
    for batch in batches:
        plain(batch)
    state = {name: tensor for name, tensor in plain.state_dict().items() if name in factored.state_dict()}
    for name, seen in moments.items():
        seen.handle.remove()
        new: Any = factored.get_submodule(name)
        ranks = new[0].out_channels, new[1].out_channels
        weight: Any = plain.get_submodule(f"{name}.0").weight
        for number, factor in enumerate(tucker(weight, torch.as_tensor(seen.given), torch.as_tensor(seen.made), ranks)):
            state[f"{name}.{number}.weight"] = factor
        for key, tensor in plain.get_submodule(f"{name}.1").state_dict().items():  # batch normalisation
            state[f"{name}.3.{key}"] = tensor
    return state


def tucker(weight: Tensor, given: Tensor, made: Tensor, ranks: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Weights (r, C, 1, 1), (s, r, 3, 3) and (F, s, 1, 1) of three convolutions that come near to one of (F, C, 3, 3).

    Args:
        weight: Of that convolution.
        given: Second moments (C, C) of its input.
        made: Those of its output (F, F).
        ranks: r and s.
    """
    weight = weight.double()
    looked_at = _root(torch.einsum("fchw,fdhw->cd", weight, weight))  # how much the layer makes of a direction
    directions, _, _ = torch.linalg.svd(looked_at @ _root(given.double()))
    kept = directions[:, : ranks[0]]  # (C, r)
    outputs = torch.linalg.eigh(made.double())[1][:, -ranks[1] :]  # (F, s)
    core = torch.einsum("fs,fchw,cr->srhw", outputs, weight, torch.linalg.pinv(looked_at) @ kept)
    return (kept.T @ looked_at)[..., None, None].float(), core.float(), outputs[..., None, None].float()


def _factors(module: nn.Module, factored: Pipeline, name: str) -> bool:
    """Whether this is a convolution with its normalisation that the other pipeline has in factors."""
    plain = isinstance(module, nn.Sequential) and len(module) == 3 and isinstance(module[0], nn.Conv2d)
    return plain and len(factored.get_submodule(name)) == 5  # type: ignore[arg-type]


def _moment(features: Tensor) -> Tensor:
    """Of features (N, C, h, w): (C, C)."""
    flat = features.detach().transpose(0, 1).flatten(1).double()
    return flat @ flat.T


def _root(moment: Tensor) -> Tensor:
    """The symmetric square root of a positive matrix."""
    values, vectors = torch.linalg.eigh(moment)
    return vectors @ torch.diag(values.clamp(min=float(values.max()) * FLOOR).sqrt()) @ vectors.T
