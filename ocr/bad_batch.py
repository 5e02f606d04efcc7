"""The images of a batch that training broke down on, to be looked at: rendered ones have no file to be named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from ocr.models.trainable import Batch

MOST = 32
"""Images written of each part."""


def write_images(batch: Batch, folder: Path) -> Path:
    """Write ``PART-NUMBER.png`` into the folder, which is returned; numbers that are none become black."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, tensors in batch.items():
        for number, image in enumerate(
            tensors.get("images", torch.empty(0))[:MOST].float().cpu().numpy()
        ):  # (channels, H, W), 0 to 255
            pixels = np.clip(np.nan_to_num(image), 0, 255).astype(np.uint8).transpose(1, 2, 0)
            cv2.imwrite(str(folder / f"{part}-{number:02d}.png"), pixels[..., ::-1])
    return folder
