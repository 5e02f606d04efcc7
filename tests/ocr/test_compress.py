"""Small models out of larger ones, on drawn pages with tiny networks: int8, pruning, distillation, the table."""

from __future__ import annotations

import csv
import importlib
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
onnx = pytest.importorskip("onnx", reason="the training extra is not installed")

from safetensors import safe_open  # noqa: E402

from ocr.cli import main  # noqa: E402
from ocr.config import load_config  # noqa: E402
from ocr.data.samples import load_samples  # noqa: E402
from ocr.document import Block, Line, Page  # noqa: E402
from ocr.errors import ModelError, UsageError  # noqa: E402
from ocr.export import export_pipeline  # noqa: E402
from ocr.export_int8 import DYNAMIC, export_int8  # noqa: E402
from ocr.models.codec import Alphabet  # noqa: E402
from ocr.models.file_hashes import HASHES, read_hashes  # noqa: E402
from ocr.models.onnx_int8 import quantize_file  # noqa: E402
from ocr.models.registry import PIPELINES  # noqa: E402
from ocr.models.weights import load_pipeline, read_model_config  # noqa: E402
from ocr.prune import prune  # noqa: E402
from ocr.teacher_labels import sure_lines  # noqa: E402

ALPHABET = Alphabet([*" abdeghlmpt"])
PART = {"two_stage": "recognizer", "end2end": "spotter"}
SIZES = {
    "two_stage": (
        "model.recognizer.stem=[4,4,8]", "model.recognizer.width=32", "model.recognizer.depth=2",
        "model.recognizer.heads=4", "model.detector.stem=[4,8,8]", "model.detector.width=32",
        "model.detector.depth=2", "model.detector.heads=4", "model.detector.head=8",
        "model.reading.space=0",  # an untrained recognizer would read spaces everywhere
    ),
    "end2end": (
        "model.spotter.stem=[4,8,8]", "model.spotter.width=32", "model.spotter.depth=2", "model.spotter.heads=4",
        "model.spotter.hidden=16", "model.spot.presence=0.99",  # an untrained spotter would see text everywhere
    ),
}  # fmt: skip
LOOP = (
    "data.workers=0", "data.line_pixels=512", "data.page_crops=1", "loop.threads=1", "loop.evaluate_every=2",
    "loop.log_every=2", "loop.steps=2", "loop.device=cpu", "loop.ema=0.1", "loop.warmup=0",
)  # fmt: skip


@pytest.fixture(scope="module", params=sorted(PIPELINES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(name: str, lettered_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model ``base`` with ONNX files, and a labelled set ``set``."""
    folder = tmp_path_factory.mktemp(name)
    write_model(name, folder / "base")
    shutil.copytree(lettered_set, folder / "set")
    (folder / "train.yaml").write_text(f"pipeline: {name}\nparts: [{PART[name]}]\n")
    return folder


def write_model(name: str, folder: Path, alphabet: Alphabet = ALPHABET, *more: str) -> None:
    torch.manual_seed(0)
    config = load_config(None, [f"pipeline={name}", *SIZES[name], *more]).model
    export_pipeline(importlib.import_module(PIPELINES[name]).build(config, alphabet), name, folder)


def train_arguments(folder: Path, output: Path, *more: str) -> list[str]:
    sets = [f"data.train=[{folder / 'set'}]", f"data.val=[{folder / 'set'}]"]
    return ["train", str(folder / "train.yaml"), *LOOP, *sets, *more, "--output", str(output)]


@pytest.mark.parametrize("way", ["static", "dynamic"])
def test_int8_networks_answer_nearly_as_before(name: str, folder: Path, tmp_path: Path, way: str) -> None:
    small = export_int8(
        folder / "base", tmp_path / "int8", calibrate=folder / "set", dynamic=way == "dynamic", exclude=["*stem*"]
    )
    assert small.networks.keys() == {path.stem for path in (folder / "base").glob("*.onnx")}
    for part, network in small.networks.items():
        assert 0 < network.quantized <= network.layers
        model = onnx.load(tmp_path / "int8" / f"{part}.onnx")
        kinds = [node.op_type for node in model.graph.node]
        if way == "static" and part not in DYNAMIC:
            assert "DequantizeLinear" in kinds
        else:
            assert kinds.count("MatMulInteger") == network.quantized
        plain = {node.op_type for node in onnx.load(folder / "base" / f"{part}.onnx").graph.node}
        assert plain & {"MatMul", "Gemm"}
    if name == "two_stage":
        images = np.full((1, 1, 32, 64), 255, np.float32)
        images[..., 20:30] = 0
        module = importlib.import_module("ocr.models.two_stage.onnx_reader")
        before, after = (
            module.OnnxNetwork(f / "recognizer.onnx")(images) for f in (folder / "base", tmp_path / "int8")
        )
        difference = np.abs(before - after).max()
        assert 0 < difference < 0.1 * np.abs(before).max()
    hashes = [read_hashes(model / HASHES) for model in (folder / "base", tmp_path / "int8")]
    assert all(one.keys() >= {f"{part}.onnx" for part in small.networks} for one in hashes) and hashes[0] != hashes[1]


def test_int8_from_the_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "int8"
    assert main(["export", str(folder / "base"), "--int8", "--calibrate", str(folder / "set"), "-o", str(output)]) == 0
    assert "layers in int8" in capsys.readouterr().out
    assert main(["predict", str(folder / "set" / "val.png"), "--model", str(output)]) == 0
    for wrong, words in ((["--dynamic"], "add --int8"), (["--int8", "--calibrate", str(output)], "holds no images")):
        assert main(["export", str(folder / "base"), "-o", str(tmp_path / "no"), *wrong]) == 2
        assert words in capsys.readouterr().err


def test_int8_never_replaces_a_shipped_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "two-stage-small", "--int8"]) == 2
    assert "would replace the shipped model" in capsys.readouterr().err


def test_a_network_that_was_never_run_is_not_calibrated(folder: Path) -> None:
    path = next((folder / "base").glob("*.onnx"))
    with pytest.raises(ModelError, match="never run on the calibration pages"):
        quantize_file(path, [], [])


def test_a_pruned_model_is_smaller_and_trains_on(name: str, folder: Path, tmp_path: Path) -> None:
    found = prune(folder / "base", tmp_path / "small", heads=0.5, mlp=0.5, blocks=1, data=[folder / "set"])
    section = read_model_config(tmp_path / "small")["model"][PART[name]]
    assert (section["depth"], section["heads"], section["head_width"]) == (1, 2, 8)
    pipeline = load_pipeline(tmp_path / "small")
    for part, pruned in found.items():
        assert pruned.parameters[1] < pruned.parameters[0]
        assert pruned.parameters[1] == sum(p.numel() for p in pipeline.get_submodule(part).parameters())
    arguments = train_arguments(folder, tmp_path / "run", "loop.learning_rate=0.001")
    assert main([*arguments, "--from", str(tmp_path / "small")]) == 0
    assert main(["export", str(tmp_path / "run" / "best")]) == 0


def test_pruning_keeps_what_matters(folder: Path, name: str, tmp_path: Path) -> None:
    """Heads and channels that give nothing go first, and the loss stays what it was."""
    pipeline = load_pipeline(folder / "base")
    with torch.no_grad():
        for block in pipeline.get_submodule(PART[name]).encoder.blocks:
            for layer, count in ((block.attn.proj, 16), (block.mlp.fc2, len(block.mlp.fc1.bias) // 2)):
                layer.weight[:, :count] = 0
    export_pipeline(pipeline, name, tmp_path / "half")
    found = prune(tmp_path / "half", tmp_path / "small", parts=[PART[name]], heads=0.5, mlp=0.5, data=[folder / "set"])
    before, after = found[PART[name]].loss
    assert after == pytest.approx(before, rel=1e-3)


def test_narrower_convolutions_do_nearly_the_same(folder: Path, name: str, tmp_path: Path) -> None:
    """With all channels but one in factors the loss is nearly what it was, with few of them the model trains on."""
    if name != "end2end":
        with pytest.raises(UsageError, match=f"the {PART[name]} has no convolutions that could be factored"):
            prune(folder / "base", tmp_path / "small", parts=[PART[name]], rank=0.5)
        return
    most = prune(folder / "base", tmp_path / "most", rank=0.99, data=[folder / "set"])["spotter"]
    assert most.loss[1] == pytest.approx(most.loss[0], rel=1e-3)
    few = prune(folder / "base", tmp_path / "few", rank=0.25, data=[folder / "set"])["spotter"]
    stem = prune(folder / "base", tmp_path / "stem", stem_rank=0.25, data=[folder / "set"])["spotter"]
    assert few.parameters[1] < stem.parameters[1] < stem.parameters[0] == few.parameters[0]
    assert load_pipeline(tmp_path / "stem").config.spotter.stem_rank == 0.25
    arguments = train_arguments(folder, tmp_path / "run", "loop.learning_rate=0.001")
    assert main([*arguments, "--from", str(tmp_path / "few")]) == 0
    assert main(["export", str(tmp_path / "run" / "best")]) == 0
    with pytest.raises(UsageError, match=r"factored already \(rank 0.25\)"):
        prune(tmp_path / "few", tmp_path / "fewer", rank=0.5)
    with pytest.raises(UsageError, match=r"factored already \(rank 0.25\)"):
        prune(tmp_path / "stem", tmp_path / "fewer", rank=0.5)


def test_what_cannot_be_pruned_is_told(folder: Path, name: str, tmp_path: Path) -> None:
    for arguments, words in (
        ({}, "shares from 0 to below 1"),
        ({"heads": 1.0}, "shares from 0 to below 1"),
        ({"rank": 0.0}, "share of channels, above 0"),
        ({"blocks": 2}, "leave at least one"),
        ({"blocks": 1, "parts": ["nothing"]}, "known are"),
    ):
        with pytest.raises(UsageError, match=words):
            prune(folder / "base", tmp_path / "small", **arguments)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is the model itself"):
        prune(folder / "base", folder / "base", heads=0.5)


def test_a_student_learns_from_a_teacher_of_another_size(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = PART[name]
    arguments = train_arguments(
        folder, tmp_path / "run", *SIZES[name], f"model.{part}.width=24", f"model.{part}.heads=3",
        f"distil.teacher={folder / 'base'}", "distil.features=0.5", "loop.steps=4",
    )  # fmt: skip
    assert main(arguments) == 0
    assert "distil" in capsys.readouterr().err
    state = load_pipeline(tmp_path / "run" / "best").state_dict()  # neither teacher nor projections are in it
    assert not any("distil" in key or "teacher" in key for key in state)
    assert main([*arguments[:-2], "loop.steps=6", *arguments[-2:], "--resume"]) == 0


def test_an_adapter_may_have_its_own_base_as_a_teacher(name: str, folder: Path, tmp_path: Path) -> None:
    """So that it forgets less; what training alone needs is not in the adapter's folder."""
    pytest.importorskip("peft", reason="the training extra is not installed")
    base = str(folder / "base")
    adapt = ("adapt.method=lora", f"distil.teacher={base}", "distil.features=0.5")
    assert main([*train_arguments(folder, tmp_path / "run", *adapt), "--from", base]) == 0
    with safe_open(tmp_path / "run" / "best" / "adapter_model.safetensors", "pt") as file:
        names = list(file.keys())
    assert names and not any("distillation" in key for key in names)


def test_a_students_answers_come_nearer_to_the_teachers(name: str, folder: Path, tmp_path: Path) -> None:
    from itertools import islice

    from ocr.models.distil import distil, taught
    from ocr.models.distil_config import DistilConfig

    config = load_config(
        folder / "train.yaml", [*SIZES[name], *LOOP, f"data.train=[{folder / 'set'}]", "data.replay=0"]
    )
    write_model(name, tmp_path / "teacher", Alphabet([*ALPHABET.symbols[::-1], "z"]))  # the same symbols, other classes
    torch.manual_seed(1)
    student = importlib.import_module(PIPELINES[name]).build(config.model, ALPHABET)
    distil(student, DistilConfig(teacher="base", labels=0, features=0.1), tmp_path / "teacher", [PART[name]])
    batch = next(islice(student.batches([PART[name]], config.data, 0), 1))
    optimizer = torch.optim.Adam([p for p in student.parameters() if p.requires_grad], 3e-3)
    values = []
    for _ in range(12):
        output = student(batch)
        losses = taught(student, student.loss(output, batch), output, batch)
        assert all(loss.item() == 0 for key, loss in losses.items() if key != "distil")
        optimizer.zero_grad()
        losses["distil"].backward()
        optimizer.step()
        values.append(losses["distil"].item())
    assert 0 < values[-1] < 0.8 * values[0]


def test_a_model_is_nothing_away_from_itself(name: str, folder: Path) -> None:
    from ocr.models.distil import distil, taught
    from ocr.models.distil_config import DistilConfig

    pipeline = load_pipeline(folder / "base").eval()
    config = load_config(
        folder / "train.yaml", [*SIZES[name], *LOOP, f"data.train=[{folder / 'set'}]", "data.replay=0"]
    )
    distil(pipeline, DistilConfig(teacher="base"), folder / "base", [PART[name]])
    batch = next(iter(pipeline.batches([PART[name]], config.data, 0)))
    output = pipeline(batch)
    assert taught(pipeline, {}, output, batch)["distil"].item() == pytest.approx(0, abs=1e-5)


def test_a_teacher_of_another_pipeline_only_labels(folder: Path, name: str) -> None:
    from ocr.models.distil import distil
    from ocr.models.distil_config import DistilConfig

    other = next(pipeline for pipeline in PIPELINES if pipeline != name)
    config = load_config(None, [f"pipeline={other}", *SIZES[other]]).model
    student = importlib.import_module(PIPELINES[other]).build(config, ALPHABET)
    with pytest.raises(UsageError, match=r"label distil\.unlabelled"):
        distil(student, DistilConfig(teacher="base"), folder / "base", [PART[other]])


def test_unlabelled_lines_are_labelled_where_the_teacher_is_sure(tmp_path: Path) -> None:
    from ocr.teacher_labels import with_taught_labels

    write_model("two_stage", tmp_path / "teacher")
    (tmp_path / "lines").mkdir()
    for number in range(2):
        cv2.imwrite(
            str(tmp_path / "lines" / f"{number}.png"), np.random.default_rng(number).integers(0, 255, (32, 90, 3))
        )
    wanted = [
        f"distil.teacher={tmp_path / 'teacher'}",
        f"distil.unlabelled=[{tmp_path / 'lines'}]",
        "distil.lines=true",
    ]
    config = load_config(None, [*SIZES["two_stage"], *wanted, "distil.sure=0"])
    assert with_taught_labels(config, tmp_path / "run").data.train == (str(tmp_path / "run" / "taught"),)
    read = load_pipeline(tmp_path / "teacher").eval().reader()
    samples = load_samples(tmp_path / "run" / "taught", split="train")
    assert samples and all(s.text == read.read_lines([s.load()])[0].text for s in samples)
    with pytest.raises(UsageError, match=r"is sure \(distil.sure=1\) of no line"):
        with_taught_labels(load_config(None, [*SIZES["two_stage"], *wanted, "distil.sure=1"]), tmp_path / "other")


def test_lines_that_the_teacher_is_not_sure_of_are_ignored() -> None:
    box = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
    page = Page(1, 9, 9, (Block((Line("sure", box, 0.95), Line("doubt", box, 0.5))),))
    assert [line.ignore for line in sure_lines(page, 0.9).lines] == [False, True]


def test_the_table_holds_models_against_the_first(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    prune(folder / "base", tmp_path / "small", heads=0.5, data=[folder / "set"])
    models = [str(folder / "base"), str(tmp_path / "small")]
    arguments = ["compress", "table", *models, "--set", str(folder / "set"), "--csv", str(tmp_path / "rows.csv")]
    assert main(arguments) == 0
    assert capsys.readouterr().out.count("\n") == 4
    with (tmp_path / "rows.csv").open() as file:
        first, second = csv.DictReader(file)
    assert (first["model"], second["model"]) == tuple(models)
    assert int(second["parameters"]) < int(first["parameters"]) == parameters_of(folder / "base")
    assert int(second["onnx_bytes"]) < int(first["onnx_bytes"])
    assert float(first["speed"]) in (0, 1)  # 0: one small page may take less time than can be measured
    assert float(first["cer_points"]) == 0
    assert second["samples"] == "1" and float(second["cer"]) >= 0


def parameters_of(folder: Path) -> int:
    return sum(parameter.numel() for parameter in load_pipeline(folder).parameters())
