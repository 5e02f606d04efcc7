"""The byte-level language model: trained with the loop, exported, scored without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from ocr.config import LoopConfig, TrainConfig, load_config  # noqa: E402
from ocr.correct.byte_model import ByteModel  # noqa: E402
from ocr.data.config import DataConfig  # noqa: E402
from ocr.data.series import Share  # noqa: E402
from ocr.errors import UsageError  # noqa: E402
from ocr.models.codec import default_alphabet  # noqa: E402
from ocr.models.corrector import build  # noqa: E402
from ocr.models.corrector.byte_codec import CLASSES, END, encode, rows_of  # noqa: E402
from ocr.models.corrector.config import CorrectorConfig, LanguageConfig, RowsConfig  # noqa: E402
from ocr.models.corrector.onnx_export import export_network  # noqa: E402
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
