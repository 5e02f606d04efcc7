"""The page encoder's attention windows."""

import torch
from torch import nn

from ocr.models.page_encoder import EncoderConfig, PageEncoder, from_windows, in_windows, to_windows, window_shapes


def test_windows_go_there_and_back() -> None:
    page = torch.arange(2 * 3 * 8 * 12, dtype=torch.float32).reshape(2, 3, 8, 12)
    assert torch.equal(from_windows(to_windows(page, 2, 2, (4, 6)), 2, 2, (4, 6)), page)


def test_a_window_sees_only_itself() -> None:
    class Mean(nn.Module):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return tokens.mean(dim=1, keepdim=True).expand_as(tokens)

    page = torch.zeros(1, 1, 4, 8)
    page[0, 0, 0, 0] = 8.0
    seen = in_windows(Mean(), page, (2, 4))
    assert torch.equal(seen[0, 0, :2, :4], torch.ones(2, 4)) and seen.sum() == 8


def test_every_second_block_looks_in_strips_lying_and_standing_by_turns() -> None:
    assert window_shapes(5, 8, 12) == [(8, 8), (4, 12), (8, 8), (12, 4), (8, 8)]
    assert window_shapes(2, 8, 0) == [(8, 8), (8, 8)]


def test_pages_of_any_size_keep_theirs() -> None:
    encoder = PageEncoder(8, EncoderConfig(12, 4, 2, 2.0, window=4, strip=6)).eval()
    for height, width in ((4, 4), (5, 13), (9, 6)):
        tokens = encoder(torch.rand(1, 8, 2 * height, 2 * width), torch.rand(1, 1, 16 * height, 16 * width))
        assert tokens.shape == (1, 12, height, width)
