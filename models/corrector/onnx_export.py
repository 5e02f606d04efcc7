"""The corrector's network as an ONNX file in int8 for the light install."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ocr.errors import ModelError
from ocr.models.corrector.byte_codec import rows_of
from ocr.models.corrector.pipeline import Corrector
from ocr.models.file_hashes import save_hash
from ocr.models.onnx_file import OPSET
from ocr.models.weights import load_pipeline

FILE = "bytes.onnx"

TOLERANCE = 1.5
"""Largest difference in nats between a byte's log-probability in fp32 and in int8."""


class NextByte(nn.Module):
    """Log-probability (N, T - 1) of each id of a row (N, T) but the first, given those before it."""

    def __init__(self, corrector: Corrector) -> None:
        super().__init__()
        self.network = corrector.corrector

    def forward(self, ids: Tensor) -> Tensor:
        given, length = ids[:, :-1], ids.shape[1] - 1
        mask = torch.full((length, length), -1e4).triu(1)[None, None]  # (1, 1, T - 1, T - 1), added to the scores
        places = torch.arange(length)[None]
        logits = self.network(input_ids=given, attention_mask=mask, position_ids=places, use_cache=False).logits
        return logits.float().log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]


def export_networks(folder: Path) -> dict[str, float]:
    """Write ``bytes.onnx`` beside the weights of a model folder; the largest difference to torch in nats a byte.

    Raises ModelError if it exceeds the tolerance.
    """
    difference = export_network(folder, folder)
    if difference > TOLERANCE:
        raise ModelError(f"{folder / FILE} differs from torch by {difference:.2g} nats a byte; int8 does not suit it")
    save_hash(folder / FILE)
    return {"corrector": difference}


def export_network(folder: Path, output: Path, *, int8: bool = True) -> float:
    """Write ``bytes.onnx`` of a model folder into another one.

    Returns:
        Largest difference to torch in nats a byte, on a line.
    """
    network = NextByte(load_pipeline(folder).eval())
    rows = torch.from_numpy(rows_of(["The quick brown fox, 1984.", "다람쥐 헌 쳇바퀴에 타고파"], 64)[0])
    output.mkdir(parents=True, exist_ok=True)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        plain = Path(scratch) / FILE
        torch.onnx.export(
            network, (rows,), str(plain), input_names=["ids"], output_names=["nats"], opset_version=OPSET,
            dynamic_axes={"ids": {0: "rows", 1: "bytes"}, "nats": {0: "rows", 1: "bytes"}}, dynamo=False,
        )  # fmt: skip
        if int8:
            from onnxruntime.quantization import QuantType, quantize_dynamic

            quantize_dynamic(plain, output / FILE, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        else:
            (output / FILE).write_bytes(plain.read_bytes())
        expected = network(rows).numpy()
    from ocr.models.onnx_session import open_session

    found = open_session(output / FILE).run(None, {"ids": rows.numpy()})[0]
    return float(np.abs(found - expected).max())
