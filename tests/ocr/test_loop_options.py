"""Options of the training loop: optimizer groups, accumulation, checkpointing, compiling, early stop, precision."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
timm = pytest.importorskip("timm", reason="the training extra is not installed")

from timm.optim import param_groups_layer_decay  # noqa: E402

from ocr.config import LoopConfig, TrainConfig, load_config  # noqa: E402
from ocr.distributed import Processes  # noqa: E402
from ocr.early_stop import out_of_patience  # noqa: E402
from ocr.errors import UsageError  # noqa: E402
from ocr.models.adapt import FixedBatchNorm2d  # noqa: E402
from ocr.models.distil import distil  # noqa: E402
from ocr.models.distil_config import DistilConfig  # noqa: E402
from ocr.models.gradient_checkpointing import checkpoint_blocks  # noqa: E402
from ocr.models.layer_decay import backbone_depths  # noqa: E402
from ocr.models.trainable import Batch, Pipeline  # noqa: E402
from ocr.models.weights import save_model  # noqa: E402
from ocr.parameter_groups import parameter_groups  # noqa: E402
from ocr.train import BAD_STEPS, begin, build_optimizer, build_pipeline, set_learning_rate, train_step  # noqa: E402
from ocr.training_log import SCORES  # noqa: E402

TINY = [
    "parts=[recognizer]", "loop.device=cpu", "loop.warmup=1", "model.recognizer.stem=[4,4,8]",
    "model.recognizer.width=16", "model.recognizer.depth=2", "model.recognizer.heads=2", "model.recognizer.dropout=0",
    "model.recognizer.drop_path=0", "model.detector.stem=[4,8,8]", "model.detector.width=16", "model.detector.depth=2",
    "model.detector.heads=2", "model.detector.head=8",
]  # fmt: skip
SPOTTER = [
    "pipeline=end2end", "loop.device=cpu", "model.spotter.stem=[4,8,8]", "model.spotter.width=16",
    "model.spotter.depth=2", "model.spotter.heads=2", "model.spotter.hidden=16",
]  # fmt: skip
BACKBONE = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 3, "num_heads": 2}
CPU = torch.device("cpu")


@pytest.fixture
def backbone(tmp_path: Path) -> str:
    model = timm.create_model("vit_tiny_patch16_224", num_classes=0, **BACKBONE)
    timm.models.save_for_hf(model, tmp_path / "vit", model_args=BACKBONE, safe_serialization=True)
    return str(tmp_path / "vit")


def lines(count: int, seed: int = 0) -> Batch:
    """A batch of the recognizer with labels of one length."""
    rng = np.random.default_rng(seed)
    return {
        "recognizer": {
            "images": torch.from_numpy(rng.uniform(0, 255, (count, 1, 32, 64)).astype(np.float32)),
            "targets": torch.from_numpy(rng.integers(1, 60, (count, 4))),
            "target_lengths": torch.full((count,), 4),
            "widths": torch.full((count,), 16),
        }
    }


def halves(batch: Batch) -> Iterator[Batch]:
    size = len(batch["recognizer"]["images"]) // 2
    for start in (0, size):
        yield {part: {k: v[start : start + size] for k, v in tensors.items()} for part, tensors in batch.items()}


def pipeline_of(config: TrainConfig) -> Pipeline:
    """A pipeline whose batch normalisation does not look at the batch, and whose positions always start at 0."""
    pipeline = build_pipeline(config, None)
    for module in pipeline.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.__class__ = FixedBatchNorm2d
    return pipeline.train()


def one_step(config: TrainConfig, pipeline: Pipeline, batches: Iterator[Batch]) -> dict[str, float]:
    state = begin(pipeline, config, config.loop, CPU, Processes())
    set_learning_rate(state.optimizer, config.loop, 0, 0.0)
    return train_step(state, batches, config.loop, CPU)


def test_a_step_is_that_of_plain_adamw() -> None:
    config = load_config(None, [*TINY, "loop.learning_rate=3e-3", "loop.weight_decay=0.1", "loop.clip=0.05"])
    ours = pipeline_of(config)
    plain, loop, batch = copy.deepcopy(ours), config.loop, lines(4)
    trained = [p for name, p in plain.named_parameters() if name.startswith("recognizer.")]
    vectors, matrices = ([p for p in trained if (p.ndim <= 1) is wanted] for wanted in (True, False))
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": loop.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=loop.learning_rate, betas=loop.betas,
    )  # fmt: skip
    for p in plain.get_submodule("detector").parameters():
        p.requires_grad_(False)
    one_step(config, _only_recognizer(ours), iter([batch]))
    torch.manual_seed(0)  # where positions start is drawn per batch; see seed_batch
    losses = plain.loss(plain(batch), batch)
    torch.stack(list(losses.values())).sum().backward()
    torch.nn.utils.clip_grad_norm_(trained, loop.clip)
    optimizer.step()
    for (name, mine), theirs in zip(ours.named_parameters(), plain.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-7), name


def _only_recognizer(pipeline: Pipeline) -> Pipeline:
    for name, parameter in pipeline.named_parameters():
        parameter.requires_grad_(name.startswith("recognizer."))
    return pipeline


def without_random_positions(pipeline: Any) -> Any:
    """The encoder's sines begin anywhere in training; here always at the first of as many as there are tokens."""
    pipeline.recognizer.encoder.positions = pipeline.recognizer.encoder.positions[:16]
    return _only_recognizer(pipeline)


def test_accumulated_batches_are_one_large_batch() -> None:
    batch = lines(6)
    whole = load_config(None, TINY)
    parts = load_config(None, [*TINY, "loop.accumulate=2"])
    one = without_random_positions(pipeline_of(whole))
    two = copy.deepcopy(one)
    before = copy.deepcopy(one)
    losses = one_step(whole, one, iter([batch]))
    same = one_step(parts, two, halves(batch))
    assert same["ctc"] == pytest.approx(losses["ctc"], rel=1e-5) and same["samples"] == losses["samples"] == 6
    moved = 0.0
    for old, mine, theirs in zip(before.parameters(), one.parameters(), two.parameters(), strict=True):
        if mine.grad is not None:
            assert torch.allclose(mine.grad, theirs.grad, rtol=1e-3, atol=1e-6)
            moved = max(moved, float((mine - old).detach().abs().max()))
    assert moved > 1e-4


def losses_of(pipeline: Pipeline, batch: Any) -> Any:
    torch.manual_seed(3)
    return sum(pipeline.loss(pipeline(batch), batch).values())


@pytest.mark.parametrize("part", ["recognizer", "detector", "spotter", "recognizer_backbone", "spotter_backbone"])
def test_checkpointing_leaves_gradients_as_they_are(part: str, backbone: str) -> None:
    """With dropout and stochastic depth on, whose draws must be the same when blocks are computed again."""
    spots = part.startswith("spotter")
    overrides = [*(SPOTTER if spots else TINY), *([] if spots else ["model.recognizer.dropout=0.3"])]
    if part.endswith("backbone"):
        overrides.append(f"model.{part.split('_')[0]}.backbone={backbone}")
    if part == "recognizer":
        overrides.append("model.recognizer.drop_path=0.3")
    plain = build_pipeline(load_config(None, overrides), None).train()
    network = plain.get_submodule(part.split("_")[0])
    saving = copy.deepcopy(plain)
    kept = {}
    for which, pipeline in (("plain", plain), ("saving", saving)):
        own: Any = pipeline.get_submodule(part.split("_")[0])
        if which == "saving":
            along_lines = 2 if spots else 0
            assert checkpoint_blocks(own) == (3 if part.endswith("backbone") else 2) + along_lines
        torch.manual_seed(3)
        images = torch.rand(2, 1, 64, 64) * 255 if "recognizer" not in part else lines(3)["recognizer"]["images"]
        torch.manual_seed(4)
        stored = 0

        def count(tensor: Any) -> Any:
            nonlocal stored
            stored += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            output = own.features(images)[0] if part.startswith("spotter") else own(images)
        output.square().sum().backward()
        kept[which] = stored
    assert kept["saving"] < 0.9 * kept["plain"], "less is kept for the backward pass"
    assert set(network.state_dict()) == set(saving.get_submodule(part.split("_")[0]).state_dict())
    graded = 0
    for (name, mine), theirs in zip(plain.named_parameters(), saving.parameters(), strict=True):
        if mine.grad is not None:
            graded += 1
            assert torch.allclose(mine.grad, theirs.grad, rtol=1e-4, atol=1e-5 * float(mine.grad.abs().max())), name
    assert graded > 10


def test_a_step_with_checkpointing_is_the_same_step() -> None:
    batch, weights = lines(3), []
    for option in ("false", "true"):
        config = load_config(None, [*TINY, "model.recognizer.dropout=0.2", f"loop.gradient_checkpointing={option}"])
        pipeline = _only_recognizer(build_pipeline(config, None).train())
        one_step(config, pipeline, iter([batch]))
        weights.append(pipeline.state_dict())
    assert all(torch.allclose(mine, weights[1][name], atol=1e-6) for name, mine in weights[0].items())


def test_layers_of_a_backbone_decay_as_in_timm(backbone: str) -> None:
    overrides = [*TINY, f"model.recognizer.backbone={backbone}", "loop.layer_decay=0.7", "loop.weight_decay=0.05"]
    config = load_config(None, overrides)
    pipeline = _only_recognizer(build_pipeline(config, None))
    groups = parameter_groups(pipeline, config.loop)
    own = {id(p): group for group in groups for p in group["params"]}
    ours = {name: own[id(p)] for name, p in pipeline.named_parameters() if p.requires_grad}
    assert len(own) == len(ours), "each parameter stands in one group"
    model = timm.create_model("vit_tiny_patch16_224", num_classes=5, **BACKBONE)
    theirs = param_groups_layer_decay(model, 0.05, layer_decay=0.7)
    wanted = {id(p): group for group in theirs for p in group["params"]}
    pairs = {"patch_embed.proj.weight": "embed.weight", "norm.weight": "norm.weight"}
    blocks = ("attn.qkv.weight", "attn.proj.bias", "mlp.fc2.weight", "norm1.weight")
    pairs |= {f"blocks.{n}.{layer}": f"blocks.{n}.{layer}" for n in range(3) for layer in blocks}
    for name, parameter in model.named_parameters():
        if name in pairs:
            group = ours[f"recognizer.encoder.{pairs[name]}"]
            assert group["scale"] == pytest.approx(wanted[id(parameter)]["lr_scale"]), name
            assert group["weight_decay"] == wanted[id(parameter)]["weight_decay"], name
    for new in ("head.weight", "encoder.positions.0.weight", "encoder.gather.weight"):
        assert ours[f"recognizer.{new}"]["scale"] == 1.0, "what was added learns at the full rate"
    optimizer = build_optimizer(pipeline, config)
    rate = set_learning_rate(optimizer, config.loop, 0, 0.0)
    assert {round(group["lr"] / rate, 6) for group in optimizer.param_groups} == {1, 0.7, 0.49, 0.343, 0.2401}


def test_page_backbones_have_depths(backbone: str) -> None:
    pipeline = build_pipeline(load_config(None, [*SPOTTER, f"model.spotter.backbone={backbone}"]), None)
    depths = backbone_depths(pipeline)
    assert depths["spotter.encoder.embed_page.weight"] == depths["spotter.encoder.window_positions"] == 4
    assert depths["spotter.encoder.blocks.2.attn.qkv.weight"] == 1
    assert not any(name.startswith(("spotter.encoder.embed.", "spotter.encoder.positions")) for name in depths)


def test_layer_decay_needs_a_backbone_and_a_share() -> None:
    for value, message in (("0.8", "is for pretrained backbones"), ("0", "above 0"), ("1.2", "at most 1")):
        config = load_config(None, [*TINY, f"loop.layer_decay={value}"])
        with pytest.raises(UsageError, match=message):
            build_optimizer(build_pipeline(config, None), config)


def write_scores(folder: Path, objectives: list[float | None]) -> None:
    rows = [json.dumps({"step": 10 * n, "objective": value}) for n, value in enumerate(objectives, start=1)]
    (folder / SCORES).write_text("\n".join(rows) + "\n")


def test_patience_ends_after_so_many_evaluations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = LoopConfig(patience=2)
    assert not out_of_patience(tmp_path, loop, 0), "nothing was evaluated"
    write_scores(tmp_path, [0.5, 0.3, 0.3, 0.4])
    assert not out_of_patience(tmp_path, loop, 30) and not out_of_patience(tmp_path, LoopConfig(), 40)
    assert out_of_patience(tmp_path, loop, 40)
    assert "2 evaluations without a better score than 0.3000 at step 20" in capsys.readouterr().err
    write_scores(tmp_path, [0.5, 0.3, 0.3, 0.2])
    assert not out_of_patience(tmp_path, loop, 40)
    write_scores(tmp_path, [None, None, None])
    assert not out_of_patience(tmp_path, loop, 30), "nothing to judge by: the newest is the best"


def test_an_evaluation_done_twice_counts_once(tmp_path: Path) -> None:
    """Killed between an evaluation and its checkpoint, a run evaluates once more; a row may be cut off."""
    rows = [
        {"step": step, "objective": value} for step, value in ((10, 0.3), (20, 0.4), (20, 0.4), (30, 0.1), (20, 0.4))
    ]
    (tmp_path / SCORES).write_text("\n".join(json.dumps(row) for row in rows) + '\n{"step": 4')
    assert not out_of_patience(tmp_path, LoopConfig(patience=2), 20)
    assert out_of_patience(tmp_path, LoopConfig(patience=1), 20)


def test_a_step_in_bf16_is_close_to_one_in_fp32() -> None:
    losses, weights = [], []
    for precision in ("fp32", "bf16"):
        config = load_config(None, [*TINY, f"loop.precision={precision}", "loop.learning_rate=1e-3"])
        pipeline = without_random_positions(pipeline_of(config))
        losses.append(one_step(config, pipeline, iter([lines(4)])))
        weights.append(pipeline.recognizer.head.weight.detach())
        assert all(p.dtype == torch.float32 for p in pipeline.parameters())
    assert losses[1]["finite"] and losses[1]["ctc"] == pytest.approx(losses[0]["ctc"], rel=0.02)
    assert losses[1]["ctc"] != losses[0]["ctc"] and torch.allclose(*weights, atol=2.1e-3)


def test_compiling_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr.compile_network.shutil.which", lambda name: None)
    config = load_config(None, [*TINY, "loop.compile=true"])
    with pytest.raises(UsageError, match=r"needs a C\+\+ compiler"):
        begin(_only_recognizer(pipeline_of(config)), config, config.loop, CPU, Processes())


def test_the_network_is_compiled_only_for_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """With torch's own backend for tests, which runs the captured graph as it is: kernels take half a minute."""
    compiled = torch.compile
    monkeypatch.setattr("ocr.compile_network.shutil.which", lambda name: name)
    monkeypatch.setattr(torch, "compile", lambda network: compiled(network, backend="aot_eager"))
    weights = []
    for option in ("false", "true"):
        config = load_config(None, [*TINY, f"loop.compile={option}"])
        pipeline = without_random_positions(pipeline_of(config))
        state = begin(pipeline, config, config.loop, CPU, Processes())
        assert (state.network is pipeline) is (option == "false") and state.reading is pipeline
        set_learning_rate(state.optimizer, config.loop, 0, 0.0)
        train_step(state, iter([lines(4)]), config.loop, CPU)
        weights.append(pipeline.state_dict())
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.allclose(mine, weights[1][name], atol=1e-5) for name, mine in weights[0].items())


def test_a_compiled_student_learns_from_its_teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = torch.compile
    monkeypatch.setattr("ocr.compile_network.shutil.which", lambda name: name)
    monkeypatch.setattr(torch, "compile", lambda network: compiled(network, backend="aot_eager"))
    teacher = pipeline_of(load_config(None, [*TINY, "loop.seed=1"]))
    save_model(tmp_path / "teacher", "two_stage", teacher.config, teacher.alphabet, teacher.state_dict())
    weights, losses = [], []
    for option in ("false", "true"):
        config = load_config(None, [*TINY, f"loop.compile={option}"])
        pipeline = _only_recognizer(without_random_positions(pipeline_of(config)))
        distil(pipeline, DistilConfig("teacher", features=0.5), tmp_path / "teacher", ["recognizer"])
        state = begin(pipeline, config, config.loop, CPU, Processes())
        set_learning_rate(state.optimizer, config.loop, 0, 0.0)
        losses.append([train_step(state, iter([lines(4)]), config.loop, CPU)["distil"] for _ in range(2)])
        weights.append(pipeline.state_dict())
    assert losses[0] == pytest.approx(losses[1], rel=1e-4) and losses[0][0] > losses[0][1] > 0
    assert all(torch.allclose(mine, weights[1][name], atol=1e-4) for name, mine in weights[0].items())


def test_fp16_scales_the_loss_and_skips_steps_that_overflow() -> None:
    """On the CPU, where only tests compute in fp16. The first scale is too high and is lowered within a few steps."""
    heads, skipped = [], 0
    for precision in ("fp32", "fp16"):
        config = load_config(None, [*TINY, f"loop.precision={precision}", "loop.learning_rate=1e-3"])
        pipeline: Any = without_random_positions(pipeline_of(config))
        state = begin(pipeline, config, config.loop, CPU, Processes())
        set_learning_rate(state.optimizer, config.loop, 0, 0.0)
        heads.append(pipeline.recognizer.head.weight.detach().clone())
        while not train_step(state, iter([lines(4)]), config.loop, CPU)["finite"]:
            skipped += 1
            assert torch.equal(pipeline.recognizer.head.weight, heads[-1]), "nothing was learnt from an overflow"
            assert skipped < BAD_STEPS - 2
        heads[-1] = pipeline.recognizer.head.weight.detach().clone()
    assert state.scaler.is_enabled() and torch.allclose(*heads, atol=2.1e-3)
    assert state.scaler.get_scale() == 2.0 ** (16 - skipped)
