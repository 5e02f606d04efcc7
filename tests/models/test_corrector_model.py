"""The byte-level language model: trained with the loop, exported, scored without torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from ocr.cli import main  # noqa: E402
from ocr.config import LoopConfig, TrainConfig, load_config  # noqa: E402
from ocr.correct.byte_model import ByteModel  # noqa: E402
from ocr.correct.load import load_corrector  # noqa: E402
from ocr.data.config import DataConfig  # noqa: E402
from ocr.data.line_pairs import load_pairs, training_pairs, validation_pairs  # noqa: E402
from ocr.data.series import Share  # noqa: E402
from ocr.errors import UsageError  # noqa: E402
from ocr.models.codec import default_alphabet  # noqa: E402
from ocr.models.corrector import build  # noqa: E402
from ocr.models.corrector.byte_codec import CLASSES, END, encode, rows_of  # noqa: E402
from ocr.models.corrector.config import CorrectorConfig, LanguageConfig, RowsConfig  # noqa: E402
from ocr.models.corrector.onnx_export import export_network  # noqa: E402
from ocr.models.file_hashes import HASHES, read_hashes  # noqa: E402
from ocr.models.weights import load_pipeline  # noqa: E402
from ocr.train import train  # noqa: E402

TINY = CorrectorConfig(LanguageConfig(width=32, depth=1, hidden=64, context=48), RowsConfig(rows=4))


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for language, line in (("en", "the clock on the wall stopped"), ("ko", "한국어 문장이 여기 있다")):
        (folder / language).mkdir()
        (folder / language / "some.txt").write_text("\n".join(f"{line} {i}" for i in range(200)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    loop = LoopConfig(steps=60, learning_rate=1e-2, warmup=5, evaluate_every=30, log_every=30, ema=0.9, device="cpu")
    data = DataConfig(corpora=(str(corpora),), rendered_val=10, workers=0)
    scores = train(TrainConfig("corrector", data=data, loop=loop, model=TINY), folder)
    assert scores.values["bits/english"] < 6  # random weights spend 8 on every byte
    return folder / "best"


def test_bytes_are_those_of_nfc() -> None:
    assert encode("e\u0301") == encode("é") and len(encode("한")) == 3
    ids, lengths = rows_of(["ab", ""], 8)
    assert ids.tolist() == [[END, *encode("ab"), END], [END, END, 0, 0]]
    assert lengths.tolist() == [4, 2]


def test_batches_depend_on_their_number_alone(corpora: Path) -> None:
    pipeline = build(TINY, default_alphabet())
    data = DataConfig(corpora=(str(corpora),), workers=0)
    first = pipeline.batches(("corrector",), data, 3)
    batches = [next(first)["corrector"]["tokens"] for _ in range(3)]
    assert batches[0].shape == (4, 49) and batches[0].max() < CLASSES
    again = next(pipeline.batches(("corrector",), data, 3, Share(number=2)))["corrector"]["tokens"]
    assert torch.equal(again, batches[2]) and not torch.equal(batches[0], batches[1])


def test_no_byte_sees_what_follows() -> None:
    pipeline = build(TINY, default_alphabet()).eval()
    one, other = (torch.tensor([[END, *encode(text)]]) for text in ("abcdef", "abcxyz"))
    with torch.inference_mode():
        first, second = (pipeline({"corrector": {"tokens": rows}})["corrector"] for rows in (one, other))
    assert torch.allclose(first[:, :4], second[:, :4], atol=1e-6)
    assert not torch.allclose(first[:, 4:], second[:, 4:], atol=1e-3)


def test_the_light_install_scores_as_torch_does(trained: Path, tmp_path: Path) -> None:
    assert export_network(trained, tmp_path / "plain", int8=False) < 1e-3
    export_network(trained, tmp_path / "int8")
    plain, small = ByteModel(tmp_path / "plain" / "bytes.onnx"), ByteModel(tmp_path / "int8" / "bytes.onnx")
    texts, contexts = ["clock", "있다", "clock on the wall"], ["the ", "여기 ", ""]
    values = plain.score(texts, contexts)
    assert np.isfinite(values).all() and (values < 0).all()
    assert small.score(texts, contexts) == pytest.approx(values, rel=0.1)
    pipeline = load_pipeline(trained).eval()
    rows = torch.tensor([[END, *encode("the clock")]])
    with torch.inference_mode():
        logits = pipeline({"corrector": {"tokens": rows}})["corrector"].log_softmax(-1)
    expected = logits.gather(2, rows[:, 1:, None])[0, 4:, 0].sum().item()
    assert values[0] == pytest.approx(expected, abs=1e-3)
    right, wrong = plain.score(["clock", "clxck"], ["the ", "the "])
    assert right > wrong


SPELLING = str.maketrans("oe", "ec")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines in another spelling than the corpora's, which a reader reads in theirs; one file a format."""
    folder = tmp_path_factory.mktemp("pairs")
    noisy = [f"the clock on the wall stopped {i % 10}" for i in range(60)]
    rows = [{"noisy": text, "clean": text.translate(SPELLING)} for text in noisy]
    (folder / "pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    (folder / "pairs.tsv").write_text("\n".join(f"{row['noisy']}\t{row['clean']}" for row in rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_it_is_adapted_to_pairs_and_read_with(
    method: str, trained: Path, corpora: Path, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "train", "adapt_corrector", "--from", str(trained), f"data.pairs=[{pairs / 'pairs.tsv'}]",
        f"data.corpora=[{corpora}]", f"adapt.method={method}", "adapt.rank=4", "loop.steps=40", "loop.warmup=2",
        "loop.learning_rate=2e-2", "loop.evaluate_every=20", "loop.ema=0.8", "data.rendered_val=10", "loop.device=cpu",
        "loop.step_back=false", "loop.threads=1", "model.batch.rows=8",
    ]  # fmt: skip
    code = main([*arguments, "--output", str(tmp_path / "run")])
    told = capsys.readouterr().err
    if method == "qlora" and "cannot compute with 4-bit" in told:
        pytest.skip("bitsandbytes does not compute here")
    assert code == 0, told
    scores = {row["name"]: row for row in json.loads((tmp_path / "run" / "report.json").read_text())["scores"]}
    assert scores["wrong/pairs"]["after"] < scores["wrong/pairs"]["before"]
    assert scores["bits/pairs"]["gain"] > 0 and "wrong/stock" in scores
    assert (tmp_path / "run" / "best" / "adapter_model.safetensors").stat().st_size < 60_000
    assert main(["adapter", "merge", str(tmp_path / "run" / "best"), "--output", str(tmp_path / "own")]) == 0
    second = load_corrector(str(tmp_path / "own")).second
    assert second is not None and read_hashes(tmp_path / "own" / HASHES).keys() == {"bytes.onnx"}
    right, wrong = second.score(["the clock on".translate(SPELLING), "the clock on"], ["", ""])
    assert right > wrong


def test_pairs_are_held_out_and_read_from_both_formats(pairs: Path) -> None:
    both = [DataConfig(pairs=(str(pairs / name),)) for name in ("pairs.tsv", "pairs.jsonl")]
    assert validation_pairs(both[0]) == validation_pairs(both[1])
    train, held_out = training_pairs(both[0]), validation_pairs(both[0])
    assert len(held_out) == 6 and len(train) == 54
    assert training_pairs(DataConfig(pairs=both[0].pairs, pairs_val=both[1].pairs)) == load_pairs(pairs / "pairs.tsv")


def test_a_batch_of_pairs_holds_both_lines_and_running_text(pairs: Path, corpora: Path) -> None:
    data = DataConfig(pairs=(str(pairs / "pairs.tsv"),), corpora=(str(corpora),), replay=0.5, workers=0)
    batch = next(build(TINY, default_alphabet()).batches(("corrector",), data, 0))["corrector"]
    assert batch["tokens"].shape == (4, 49) and batch["noisy"].shape[0] == 2
    lines = [bytes(int(i) - 3 for i in row if i > 2).decode() for row in batch["tokens"][:2]]
    noisy = [bytes(int(i) - 3 for i in row if i > 2).decode() for row in batch["noisy"]]
    assert all(line.startswith("the clock") for line in noisy)
    assert lines == [line.translate(SPELLING) for line in noisy]


def test_a_pair_that_pulls_the_wrong_way_costs_more() -> None:
    pipeline = build(TINY, default_alphabet())
    logits = torch.zeros(1, 3, CLASSES)
    logits[0, :, 10] = 5.0
    likely, unlikely = torch.tensor([[1, 10, 10, 10]]), torch.tensor([[1, 11, 11, 11]])
    output = {"corrector": logits, "noisy": logits}
    right = pipeline.loss(output, {"corrector": {"tokens": likely, "noisy": unlikely}})["preference"]
    wrong = pipeline.loss(output, {"corrector": {"tokens": unlikely, "noisy": likely}})["preference"]
    assert wrong == pytest.approx(TINY.batch.preference * 15, abs=0.1) and right < 1e-3


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("a.tsv", "one column\n", "a.tsv:1 is no pair"),
        ("b.jsonl", '{"noisy": "a", "clean": "b"}\n{"noisy": 3}\n', "b.jsonl:2"),
        ("c.tsv", "\n", "no pairs"),
    ],
)
def test_a_file_that_holds_no_pairs_is_told(name: str, text: str, what: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=what):
        load_pairs(tmp_path / name)
    with pytest.raises(UsageError, match="cannot read pairs"):
        load_pairs(tmp_path / "absent.tsv")


def test_it_reads_no_pages() -> None:
    with pytest.raises(UsageError, match="--correct"):
        build(TINY, default_alphabet()).predict([])


def test_nothing_to_train_on_is_told() -> None:
    with pytest.raises(UsageError, match=r"data\.corpora"):
        build(TINY, default_alphabet()).batches(("corrector",), DataConfig(), 0)
    with pytest.raises(UsageError, match="multiple of 32"):
        build(CorrectorConfig(LanguageConfig(width=40)), default_alphabet())


def test_the_config_is_complete() -> None:
    config = load_config(Path(__file__).parents[2] / "ocr" / "configs" / "corrector.yaml")
    assert config.pipeline == "corrector" and config.model.language.width % 32 == 0
