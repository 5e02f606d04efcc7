"""How deep each weight of a pretrained backbone lies, for layer-wise decay of the learning rate.

The lower a layer, the more general what it has learnt, and the less it should change (ULMFiT, arXiv 1801.06146; BEiT,
arXiv 2106.08254). Depths are those of timm's ``param_groups_layer_decay``.
"""

from __future__ import annotations

from ocr.models.trainable import Pipeline


def backbone_depths(pipeline: Pipeline) -> dict[str, int]:
    """Layers that lie above each parameter of the pretrained backbones, by the parameter's full name.

    1 for the last block and the norm behind it, one more than there are blocks for patches and positions. Layers that
    were added to a backbone are not listed.
    """
    depths: dict[str, int] = {}
    for part in pipeline.parts:
        encoder = getattr(pipeline.get_submodule(part), "encoder", None)
        if encoder is None or not hasattr(encoder, "window_positions"):
            continue  # no pretrained backbone
        blocks = len(encoder.blocks)
        for name, _ in encoder.named_parameters():
            layer, *inner = name.split(".")
            if layer in encoder.embedding_layers:
                depths[f"{part}.encoder.{name}"] = blocks + 1
            elif layer == "norm":
                depths[f"{part}.encoder.{name}"] = 1
            elif layer == "blocks":
                depths[f"{part}.encoder.{name}"] = blocks - int(inner[0])
    return depths
