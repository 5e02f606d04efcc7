"""``ocr models``: figures from headers alone are those of torch, peft and bitsandbytes; damage is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocr.catalogue import Figures, Model, Part, find_model, find_models, open_model
from ocr.catalogue_report import count, own_counts, size, to_chart, to_json
from ocr.cli import main
from ocr.errors import MissingExtraError, ModelError, UsageError
from ocr.model_memory import LAST_LAYERS, activation_bytes, last_parameters, nf4_bytes, stored_bytes
from ocr.models.safetensors_header import BITS, HEADER_LIMIT, StoredTensor, read_header
from ocr.parameter_plot import draw_parameters
from ocr.parameters import layers_of
from ocr.pipeline import SHIPPED, shipped
from ocr.reference_models import REFERENCES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
needs_weights = pytest.mark.skipif(not shipped(), reason="no weights are shipped in this checkout")


def file_bytes(tensors: dict[str, tuple[str, list[int]]], **changes: Any) -> bytes:
    """A safetensors file of zeros; ``changes`` replace whole entries of its header."""
    header, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + StoredTensor(name, dtype, tuple(shape)).size * BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header | changes).encode()
    return len(text).to_bytes(8, "little") + text + bytes(end)


VIT = {
    "cls_token": ("F32", [1, 1, 8]),
    "pos_embed": ("F32", [1, 5, 8]),
    "patch_embed.proj.weight": ("F32", [8, 3, 4, 4]),
    "patch_embed.proj.bias": ("F32", [8]),
    "blocks.0.norm1.weight": ("F32", [8]),
    "blocks.0.attn.qkv.weight": ("F32", [24, 8]),
    "blocks.0.attn.qkv.bias": ("F32", [24]),
    "blocks.0.attn.proj.weight": ("F32", [8, 8]),
    "head.weight": ("F32", [2, 8]),
    "bn.running_mean": ("F32", [8]),
    "bn.num_batches_tracked": ("I64", []),
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint as timm writes it."""
    folder = tmp_path / "work" / "vit"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"architecture": "vit_tiny"}')
    (folder / "model.safetensors").write_bytes(file_bytes(VIT))
    return folder


def load_torch(folder: Path) -> Any:
    pytest.importorskip("timm", reason="training extra not installed")
    from ocr.models.weights import load_pipeline

    return load_pipeline(folder)


@pytest.mark.parametrize("name", shipped())
def test_counts_are_those_of_torch(name: str) -> None:
    pipeline = load_torch(SHIPPED / name)
    model = find_model(name)
    assert Figures(model.parts).parameters == sum(p.numel() for p in pipeline.parameters())
    for part in model.parts:
        module = pipeline.get_submodule(part.name)
        assert Figures((part,)).parameters == sum(p.numel() for p in module.parameters())
        last = [module.get_submodule(layer) for layer in getattr(module, "last_layers", LAST_LAYERS[part.name])]
        assert last_parameters(part.name, part.layers) == sum(p.numel() for layer in last for p in layer.parameters())
        linear = sum(type(layer).__name__ == "Linear" for layer in module.modules())
        assert Figures((part,)).kinds["linear"][0] == linear


@pytest.mark.parametrize("name", shipped())
def test_lora_counts_are_those_of_peft(name: str) -> None:
    pipeline = load_torch(SHIPPED / name)
    peft = pytest.importorskip("peft")
    blocks = [n for n, m in pipeline.named_modules() if type(m).__name__ == "Linear" and ".blocks." in n]
    adapted = peft.get_peft_model(pipeline, peft.LoraConfig(r=8, target_modules=blocks))
    assert Figures(find_model(name).parts).lora == adapted.get_nb_trainable_parameters()[0]


@pytest.mark.parametrize(
    ("name", "shape"), [("recognizer", (2, 1, 32, 512)), ("detector", (1, 1, 576, 576)), ("spotter", (1, 1, 384, 384))]
)
@needs_weights
def test_activations_are_near_what_torch_keeps(name: str, shape: tuple[int, int, int, int]) -> None:
    torch = pytest.importorskip("torch")
    from timm.layers import set_fused_attn

    set_fused_attn(True)  # training on a CPU, in other tests, switches it off
    folder = SHIPPED / ("end2end-small" if name == "spotter" else "two-stage-small")
    network, kept = load_torch(folder).train().get_submodule(name), {}
    own = {p.untyped_storage().data_ptr() for p in network.parameters()}
    tensors = []  # held, so that no storage is given away and counted as another's

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        tensors.append(tensor)
        return tensor

    images = 255 * torch.rand(shape)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        if name == "spotter":
            network.maps(network.features(images)[0])
        else:
            network(images)
    (part,) = (part for part in open_model(folder, "x").parts if part.name == name)
    estimate = activation_bytes(name, part.layers, images.numel(), 128 if name == "recognizer" else 256)
    assert estimate == pytest.approx(sum(kept.values()), rel=0.1)


def test_nf4_bytes_are_those_of_bitsandbytes() -> None:
    assert 8 * nf4_bytes(1 << 24) / (1 << 24) == pytest.approx(4.127, abs=0.001)
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("bitsandbytes").functional
    packed, state = functional.quantize_4bit(torch.randn(96, 200), quant_type="nf4", compress_statistics=True)
    assert nf4_bytes(96 * 200) == packed.numel() + state.absmax.numel() + 4 * state.state2.absmax.numel()


def test_a_checkpoint_by_hand(checkpoint: Path) -> None:
    model = open_model(checkpoint, "vit")
    figures, (part,) = Figures(model.parts), model.parts
    linear = 24 * 8 + 8 * 8
    assert figures.parameters == 8 + 40 + 384 + 8 + 8 + linear + 24 + 16
    assert figures.lora == 8 * (24 + 8) + 8 * (8 + 8)
    rest = 2 * (figures.parameters - linear)
    assert (figures.stored.fp32, figures.stored.bf16) == (4 * figures.parameters, 2 * figures.parameters)
    assert figures.stored.int8 == rest + linear + 4 * (24 + 8)
    assert figures.stored.nf4 == rest + linear // 2 + (3 + 4) + (1 + 4)  # 192 and 64 weights: 3 blocks and 1
    full, lora = figures.training["full"], figures.training["lora"]
    assert full.total == 20 * figures.parameters + full.activations
    assert lora.total == 4 * figures.parameters + 20 * figures.lora + lora.activations
    assert figures.training["qlora"].weights == figures.stored.nf4 + 4 * figures.lora
    assert (figures.last, figures.adapter_bytes) == (0, 2 * figures.lora)
    assert model.task == "backbone vit_tiny" and part.batch == "one input of 5 tokens"
    assert figures.kinds["tokens and scales"] == (2, 48)


@needs_weights
def test_last_layers_are_trained_beside_lora() -> None:
    (recognizer,) = (part for part in find_model("two-stage-small").parts if part.name == "recognizer")
    figures = Figures((recognizer,))
    assert (figures.lora, figures.last) == (147_456, 193 * 360)
    lora, trained = figures.training["lora"], figures.lora + figures.last
    assert (lora.gradients, lora.moments, lora.average) == (4 * trained, 8 * trained, 4 * trained)
    assert lora.weights == 4 * (figures.parameters + figures.lora)
    assert figures.training["qlora"].weights == figures.stored.nf4 + 4 * figures.lora + 2 * figures.last


def test_transformers_names_are_understood() -> None:
    names = {
        "embeddings.patch_embeddings.projection.weight": [8, 3, 4, 4],
        "encoder.layer.0.attention.attention.query.weight": [8, 8],
        "encoder.layers.0.mlp.fc1.weight": [32, 8],
        "decoder.embed_tokens.weight": [99, 8],
        "pooler.dense.weight": [8, 8],
    }
    layers = layers_of([StoredTensor(name, "F16", tuple(shape)) for name, shape in names.items()])
    assert [layer.kind for layer in layers] == ["convolution", "linear", "linear", "embedding", "linear"]
    assert [layer.adaptable for layer in layers] == [False, True, True, False, False]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "no header": lambda good: good[:5],
    "cut in the header": lambda good: good[:100],
    "cut in the numbers": lambda good: good[:-1],
    "something behind": lambda good: good + b"x",
    "a huge header": lambda good: (HEADER_LIMIT + 1).to_bytes(8, "little") + good[8:],
    "no JSON": lambda good: good[:8] + b"#" + good[9:],
    "no text": lambda good: good[:8] + b"\xff\xfe" + good[10:],
    "deep JSON": lambda good: (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "a list": lambda good: (2).to_bytes(8, "little") + b"[]",
    "unknown type": lambda good: file_bytes(VIT, cls_token={"dtype": "F9", "shape": [1], "data_offsets": [0, 1]}),
    "no entry": lambda good: file_bytes(VIT, cls_token=3),
    "no shape": lambda good: file_bytes(VIT, cls_token={"dtype": "F32", "data_offsets": [0, 4]}),
    "negative": lambda good: file_bytes(VIT, cls_token={"dtype": "F32", "shape": [-1, -8], "data_offsets": [0, 32]}),
    "three offsets": lambda good: file_bytes(VIT, cls_token={"dtype": "F32", "shape": [8], "data_offsets": [0, 32, 1]}),
    "wrong place": lambda good: file_bytes(VIT, cls_token={"dtype": "F32", "shape": [8], "data_offsets": [0, 31]}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_weights_are_refused(checkpoint: Path, damage: str) -> None:
    path = checkpoint / "model.safetensors"
    assert read_header(path)[0] == StoredTensor("cls_token", "F32", (1, 1, 8))
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with pytest.raises(ModelError, match="is no whole safetensors file"):
        find_model(str(checkpoint))


def test_missing_models_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model 'nothing'.*weights\.safetensors"):
        find_model("nothing")
    with pytest.raises(UsageError, match="did you mean show"):
        find_models([tmp_path / "shwo", Path("shwo")][1:])
    with pytest.raises(ModelError, match="cannot read"):
        read_header(tmp_path / "none.safetensors")


def test_json_names_every_model_once(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = checkpoint.parent / ".hidden" / "vit"
    hidden.parent.mkdir()
    hidden.symlink_to(checkpoint)
    monkeypatch.chdir(checkpoint.parent)
    models, errors = find_models([Path(), Path("vit"), SHIPPED])
    assert not errors
    entries = json.loads(to_json(models))["models"]
    assert [entry["name"] for entry in entries] == [*shipped(), "vit"]
    assert [entry["shipped"] for entry in entries] == [True] * len(shipped()) + [False]
    assert entries[-1]["bytes"]["fp32"] == 4 * entries[-1]["parameters"]
    for entry in entries:
        assert entry["parameters"] == sum(part["parameters"] for part in entry["parts"].values())
        if entry["shipped"]:
            assert "Apache-2.0" in entry["card"]["Licence and limits"] and "Scores" in entry["card"]


def test_list_and_show(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(checkpoint.parent)
    (checkpoint / "card.md").write_text("# x\n\n## Licence\nMIT \x1b[31m\n## Data\nsecret\n")
    assert main(["models"]) == 0
    table = capsys.readouterr().out
    assert all(any(line.startswith(name) for line in table.splitlines()) for name in (*shipped(), "vit"))
    assert main(["models", ".", "--json", "out/all.json"]) == 0
    assert json.loads(Path("out/all.json").read_text())["models"][-1]["name"] == "vit"
    capsys.readouterr()
    assert main(["models", "show", "vit", "--plot"]) == 0
    shown = capsys.readouterr().out
    assert "MIT \\x1b[31m" in shown and "secret" not in shown
    assert "Llama 3.1 405B" in shown
    assert main(["models", "show", "--plot", "vit"]) == 0
    assert capsys.readouterr().out == shown
    (checkpoint / "model.safetensors").write_bytes(b"short")
    assert main(["models"]) == 4
    written = capsys.readouterr()
    assert written.out.startswith("model ") and "no whole safetensors file" in written.err
    assert main(["models", "show", "vit"]) == 4
    assert main(["models", "shwo"]) == 2


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_is_written(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    pytest.importorskip("matplotlib", reason="training extra not installed")
    path = tmp_path / "new" / f"parameters.{ending}"
    assert main(["models", "show", str(checkpoint), "--plot", str(path)]) == 0
    assert path.read_bytes()[:4] == (b"\x89PNG" if ending == "png" else b"<?xm")
    assert main(["models", "show", str(checkpoint), "--plot", str(tmp_path / "picture.jpg")]) == 2
    assert ".png, .svg, .pdf" in capsys.readouterr().err


def test_without_matplotlib_the_command_to_type_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r'pip install "vitocr\[train\]"'):
        draw_parameters({}, {}, tmp_path / "x.png")


@needs_weights
def test_the_light_install_shows_models() -> None:
    missing = "torch", "safetensors", "matplotlib", "timm", "transformers", "fontTools", "albumentations"
    hide = f"import sys; sys.modules.update(dict.fromkeys({missing}))"
    code = f"{hide}; from ocr.cli import main; sys.exit(main(sys.argv[1:]))"
    for arguments in (["models"], ["models", "show", shipped()[0], "--plot"]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_chart_is_logarithmic_and_sorted() -> None:
    part = Part("x", layers_of([StoredTensor("a.weight", "F32", (1000, 1000))]), "", 0)
    own = own_counts(Model("mine", Path(), "", False, (part,), {}))
    assert own == {"mine": 1_000_000}
    lines = to_chart(own).splitlines()
    marks = {line.split("|")[0].strip(): line.split("|")[1].find("█" if "mine" in line else "o") for line in lines[:-1]}
    assert list(marks.values()) == sorted(marks.values())
    assert marks["mine"] == lines[-1].split("|")[1].find("1 million")


def test_numbers_are_short() -> None:
    assert [count(n) for n in (0, 20, 999, 1000, 4_196_205, 999_600, 117_000_000, 405 * 10**9)] == [
        "0", "20", "999", "1 K", "4.2 M", "1 M", "117 M", "405 B",
    ]  # fmt: skip
    assert size(8_392_410) == "8.39 MB"


def test_references_have_sources_and_rise() -> None:
    assert all(model.source and model.parameters[0] <= model.parameters[1] for model in REFERENCES)
    assert list(REFERENCES) == sorted(REFERENCES, key=lambda model: model.parameters)
    assert stored_bytes(()).nf4 == 0


@pytest.mark.parametrize(("name", "reference"), [("small", "ViT-S/16"), ("base", "ViT-B/16"), ("large", "ViT-L/16")])
def test_references_agree_with_timm(name: str, reference: str) -> None:
    timm, torch = pytest.importorskip("timm"), pytest.importorskip("torch")
    with torch.device("meta"):
        model = timm.create_model(f"vit_{name}_patch16_224")
    (told,) = (m.parameters[0] for m in REFERENCES if m.name == reference)
    assert told == pytest.approx(sum(p.numel() for p in model.parameters()), rel=0.02)
