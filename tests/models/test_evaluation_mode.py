"""Networks keep the mode in which they were found."""

import pytest
import torch

from ocr.models.evaluation_mode import evaluating


@pytest.mark.parametrize("training", [True, False])
def test_a_network_answers_without_gradients_and_keeps_its_mode(training: bool) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(0.9)).train(training)
    with evaluating(network) as (same, device):
        assert same is network and not network.training and not network[1].training
        assert not same(torch.ones(1, 2, device=device)).requires_grad
    assert network.training is network[1].training is training


def test_the_mode_comes_back_after_an_error() -> None:
    network = torch.nn.Linear(2, 2).train()
    with pytest.raises(RuntimeError), evaluating(network):
        network(torch.ones(1, 3))
    assert network.training
