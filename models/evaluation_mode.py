"""A network that answers instead of being trained, for as long as it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

NetworkT = TypeVar("NetworkT", bound=torch.nn.Module)


@contextmanager
def evaluating(network: NetworkT) -> Iterator[tuple[NetworkT, torch.device]]:
    """The network in evaluation mode, without gradients, and where its weights lie; its mode comes back at the end."""
    training = network.training
    try:
        with torch.inference_mode():
            yield network.eval(), next(network.parameters()).device
    finally:
        network.train(training)
