"""Training that knows of 8 bits: the same numbers as ONNX Runtime's int8, the gradients of full precision."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from torch import Tensor, nn  # noqa: E402

from ocr.config import load_config  # noqa: E402
from ocr.errors import UsageError  # noqa: E402
from ocr.models.int8_aware import Rounded, round_layers  # noqa: E402
from ocr.models.onnx_file import write_onnx  # noqa: E402
from ocr.models.onnx_int8 import quantize_file  # noqa: E402
from ocr.models.onnx_session import open_session  # noqa: E402
from ocr.pipeline import find_model  # noqa: E402
from ocr.train import build_pipeline, train  # noqa: E402

SPOTTER = [
    "pipeline=end2end", "loop.device=cpu", "model.spotter.stem=[4,8,8]", "model.spotter.width=16",
    "model.spotter.depth=2", "model.spotter.heads=2", "model.spotter.hidden=16",
]  # fmt: skip


def example_network() -> nn.Sequential:
    """Two convolutions, the first with channels of very different weights."""
    torch.manual_seed(1)
    first = nn.Conv2d(1, 8, 3, padding=1)
    network = nn.Sequential(first, nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1))
    with torch.no_grad():
        first.weight.mul_(torch.logspace(-2, 0, 8)[:, None, None, None])
    return network


def example_images() -> Tensor:
    return torch.rand(1, 1, 24, 32, generator=torch.Generator().manual_seed(2)) * 255 - 40


def test_rounded_numbers_are_those_of_the_int8_file(tmp_path: Path) -> None:
    network, images, path = example_network(), example_images(), tmp_path / "network.onnx"
    write_onnx(network, {"images": images.numpy()}, ["out"], {}, path)
    quantize_file(path, [images.numpy()], [])
    (stored,) = open_session(path).run(None, {"images": images.numpy()})
    plain = network(images).detach().numpy()
    layers = nn.ModuleDict({"part": network})
    assert round_layers(layers, ["part"]) == 2
    rounded = network(images).detach().numpy()
    scale = np.abs(plain).max(axis=(0, 2, 3), keepdims=True)
    lost = float((np.abs(plain - stored) / scale).mean())
    assert lost > 0.001, "rounding shows"
    assert float((np.abs(rounded - stored) / scale).mean()) < 0.6 * lost, "the file rounds what comes out besides"


def test_gradients_pass_and_weights_keep_their_names() -> None:
    network, images = example_network(), example_images()
    other = copy.deepcopy(network)
    round_layers(nn.ModuleDict({"part": other}), ["part"])
    assert set(network.state_dict()) == set(other.state_dict())
    for each in (network, other):
        each(images).square().mean().backward()
    for mine, theirs in zip(network.parameters(), other.parameters(), strict=True):
        assert mine.grad is not None and theirs.grad is not None
        assert torch.nn.functional.cosine_similarity(mine.grad.flatten(), theirs.grad.flatten(), dim=0) > 0.99


def test_bounds_of_inputs_follow_what_comes() -> None:
    layer = nn.Linear(2, 2)
    rounded = Rounded(layer)
    layer.forward = rounded  # type: ignore[assignment]
    layer(torch.tensor([[-1.0, 3.0]]))
    assert (rounded.low, rounded.high) == (-1.0, 3.0)
    layer(torch.tensor([[0.5, 1.0]]))
    assert (rounded.low, rounded.high) == pytest.approx((-0.99, 2.97))
    assert torch.isfinite(layer(torch.zeros(1, 2))).all()
    assert layer(torch.zeros(0, 2)).shape == (0, 2), "a page without characters"


def test_what_export_leaves_in_full_precision_is_not_rounded() -> None:
    pipeline = build_pipeline(load_config(None, SPOTTER), None)
    round_layers(pipeline, ["spotter"])
    rounded = {name for name, module in pipeline.named_modules() if isinstance(module.forward, Rounded)}
    assert {"spotter.stem_2.0", "spotter.classify", "spotter.encoder.blocks.0.attn.qkv"} <= rounded
    assert not any(part in name for name in rounded for part in ("positions", "maps"))
    lines = build_pipeline(load_config(None, ["pipeline=two_stage"]), None)
    round_layers(lines, ["recognizer"])
    kinds = {type(module) for module in lines.modules() if isinstance(module.forward, Rounded)}
    assert kinds == {nn.Linear}


def test_training_with_it_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: object) -> None:
        raise RuntimeError(f"{arguments[1]} are rounded")

    monkeypatch.setattr("ocr.train.round_layers", stop)
    config = load_config(None, [*SPOTTER, "loop.int8=true"])
    with pytest.raises(RuntimeError, match="spotter"):
        train(config, tmp_path / "run")


def test_what_it_does_not_go_with_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"loop\.int8=true cannot"):
        train(load_config(None, [*SPOTTER, "loop.int8=true", "loop.compile=true"]), tmp_path / "run")
    model = find_model("end2end-small")
    adapter = load_config(None, ["pipeline=end2end", "loop.int8=true", "adapt.method=lora"], model)
    with pytest.raises(UsageError, match=r"loop\.int8=true cannot"):
        train(adapter, tmp_path / "adapter", initial=model)


def test_what_stands_between_convolutions_is_in_8_bits_too(tmp_path: Path) -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
            self.last = nn.Conv2d(4, 2, 1)

        def forward(self, images: Tensor) -> Tensor:
            x = torch.relu(self.first(images))
            return self.last(x + torch.relu(self.second(x))) + 0.5

    network, images, path = Sum(), example_images(), tmp_path / "network.onnx"
    write_onnx(network, {"images": images.numpy()}, ["out"], {}, path)
    quantize_file(path, [images.numpy()], [])
    nodes = onnx.load(path).graph.node
    made_by = {name: node for node in nodes for name in node.output}
    assert not [node for node in nodes if node.op_type == "Relu"]
    inner, outer = [node for node in nodes if node.op_type == "Add"]
    assert {made_by[name].op_type for name in inner.input} == {"DequantizeLinear"}
    assert "QuantizeLinear" in {node.op_type for node in nodes if inner.output[0] in node.input}
    assert "out" in outer.output, "what joins numbers of full precision stays as it is"
    (stored,) = open_session(path).run(None, {"images": images.numpy()})
    assert float(np.abs(stored - network(images).detach().numpy()).max()) < 3.0 < float(np.abs(stored).max())
