"""A timm transformer block whose heads may be narrower than its width over their number: what pruning leaves."""

from __future__ import annotations

from timm.layers import Attention
from timm.models.vision_transformer import Block

from ocr.errors import UsageError


def transformer_block(
    width: int, heads: int, mlp_ratio: float, head_width: int = 0, dropout: float = 0.0, drop_path: float = 0.0
) -> Block:
    """A block over tokens (N, L, width). ``head_width`` are the channels of a head; 0: ``width / heads``.

    Raises UsageError if this timm knows no width of heads.
    """
    if not head_width:
        return Block(width, heads, mlp_ratio, qkv_bias=True, proj_drop=dropout, drop_path=drop_path)
    block = Block(width, 1, mlp_ratio, qkv_bias=True, proj_drop=dropout, drop_path=drop_path)
    try:
        block.attn = Attention(width, heads, attn_head_dim=head_width, qkv_bias=True, proj_drop=dropout)
    except TypeError as error:
        raise UsageError("head_width: this timm is too old for it; type: pip install -U timm") from error
    return block
