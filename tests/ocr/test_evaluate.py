"""``ocr eval`` with fake readers and drawn sets: grouping, scoring, processes, the command."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from ocr import evaluate, peers, pipeline
from ocr.commands.eval import evaluate as command
from ocr.document import Block, Line, Page
from ocr.errors import InputError, MissingExtraError, ModelError, OcrError, UsageError
from ocr.evaluate import Engine, engines, languages_of, load_sets, peak_memory
from ocr.metrics.page import with_words
from ocr.models.interface import Image
from ocr.peers import MissingPeerError
from ocr.polygon import from_box
from ocr.scoring import Kind, score

WIDTH, HEIGHT = 200, 100


class FakeReader:
    """Gives the same page, or the same line, for every image."""

    def __init__(self, *lines: Line) -> None:
        self.lines = lines
        self.batches: list[int] = []

    def predict(self, images: Sequence[Image]) -> list[Page]:
        self.batches.append(len(images))
        return [Page(1, i.shape[1], i.shape[0], (Block(self.lines),) if self.lines else ()) for i in images]

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        self.batches.append(len(images))
        return [self.lines[0] for _ in images]


def fake(*lines: Line) -> Engine:
    return Engine("fake", lambda languages: FakeReader(*lines))


def line(text: str, top: float = 10, left: float = 10, width: float = 100, confidence: float = 1.0) -> Line:
    return with_words(Line(text, from_box(left, top, left + width, top + 20), confidence))


def labelled(text: str, top: float, ignore: bool = False) -> dict[str, object]:
    polygon = [list(point) for point in from_box(10, top, 110, top + 20)]
    return {"text": text, "polygon": polygon, "ignore": ignore}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "page.png"), np.full((HEIGHT, WIDTH, 3), 255, np.uint8))
    return tmp_path


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that ships a model called small and the default one; their networks are stand-ins."""
    monkeypatch.setattr(pipeline, "SHIPPED", tmp_path / "shipped")
    for name in ("small", "two-stage-small"):
        make_model(tmp_path / "shipped" / name)
    return tmp_path / "shipped"


def make_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("pipeline: two_stage\n")
    return folder


def write_split(folder: Path, name: str, *entries: dict[str, object]) -> None:
    rows = [json.dumps({"image": "page.png"} | entry) for entry in entries]
    (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


def page_entry(*lines: dict[str, object]) -> dict[str, object]:
    return {"width": WIDTH, "height": HEIGHT, "lines": list(lines)}


class TestSets:
    def test_parts_and_kinds(self, folder: Path) -> None:
        write_split(folder, "train", {"text": "not me"})
        write_split(folder, "val", {"text": "a line"}, {"text": "상품 준비중"}, {"text": "one more"})
        write_split(folder, "pages_val", {"width": WIDTH, "height": HEIGHT, "text": "two\nlines"})
        crops, texts = load_sets([folder], split="val", limit=2)
        assert (crops.kind, len(crops.samples), crops.languages) == (Kind.LINES, 2, ("ko", "en"))
        assert (texts.kind, len(texts.samples), texts.languages) == (Kind.TEXTS, 1, ("en",))
        assert crops.name == folder.name

    def test_upper_case_labels_are_folded(self, folder: Path) -> None:
        write_split(folder, "val", page_entry(labelled("TOTAL", 10)))
        (found,) = load_sets([folder / "val.jsonl"], split="val")
        assert found.fold_case and found.kind is Kind.PAGES

    def test_named_languages_come_first(self, folder: Path) -> None:
        write_split(
            folder, "val", {"text": "a", "lang": "es"}, {"text": "b", "lang": "it"}, {"text": "c", "lang": "Italian"}
        )
        (found,) = load_sets([folder], split="val")
        assert languages_of(found.samples) == ("it", "es")

    def test_unknown_split(self, folder: Path) -> None:
        write_split(folder, "val", {"text": "a"})
        with pytest.raises(UsageError, match="test"):
            load_sets([folder], split="test")


class TestScores:
    def test_page_by_hand(self, folder: Path) -> None:
        write_split(
            folder,
            "val",
            page_entry(labelled("Total 12.50", 10), labelled("lost", 40), labelled("scrawl", 70, ignore=True)),
        )
        (found,) = load_sets([folder], split="val")
        read = [
            line("Total 12,50", 10),  # one character wrong, one of two words
            line("noise", 10, left=130, width=60),  # on no line: five insertions
            line("whatever", 70),  # on the ignore region
        ]
        (result,) = evaluate.evaluate([found], [fake(*read)], isolate=False)
        scores = result.scores
        assert scores.cer == pytest.approx((1 + 4 + 5) / 15)
        assert scores.wer == pytest.approx((1 + 1 + 1) / 3)
        assert scores.line_accuracy == 0
        assert (scores.word_precision, scores.word_recall) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
        assert (scores.detection_precision, scores.detection_recall) == (0.5, 0.5)
        assert scores.reading_order is None  # only one labelled line was found
        assert scores.calibration_error == pytest.approx(2 / 3)  # three words, all sure, one right
        assert scores.eojeol_accuracy is None
        assert result.confusions == {(".", ","): 1}  # the lost line is no confusion
        assert [(entry.label, entry.errors) for entry in result.lines] == [("Total 12.50", 1), ("lost", 4)]

    def test_case_is_folded_where_labels_are_upper_case(self, folder: Path) -> None:
        write_split(folder, "val", page_entry(labelled("TOTAL DUE", 10)))
        (result,) = evaluate.evaluate(load_sets([folder], split="val"), [fake(line("Total due"))], isolate=False)
        assert result.scores.cer == 0 and result.scores.word_f1 == 1 and result.to_dict()["case_folded"]

    def test_page_text(self, folder: Path) -> None:
        write_split(folder, "val", {"text": "one two\nthree", "width": WIDTH, "height": HEIGHT})
        reading = fake(line("one two", 10), line("tree", 40))
        (result,) = evaluate.evaluate(load_sets([folder], split="val"), [reading], isolate=False)
        assert result.scores.cer == pytest.approx(1 / 13)
        assert result.scores.word_f1 == pytest.approx(2 / 3)
        assert result.scores.line_accuracy is None and result.scores.detection_f1 is None

    def test_line_crops_are_read_in_batches(self, folder: Path) -> None:
        write_split(folder, "val", {"text": "상품 안내"}, {"text": "상품안내"}, {"text": "other"})
        reader = FakeReader(line("상품 안내"))
        engine = Engine("fake", lambda languages: reader)
        (result,) = evaluate.evaluate(load_sets([folder], split="val"), [engine], isolate=False)
        scores = result.scores
        assert reader.batches == [1, 3]  # the first is read once more, before the clock starts
        assert scores.cer == pytest.approx((0 + 1 + 5) / 14)
        assert scores.cer_no_spaces == pytest.approx(5 / 13)
        assert scores.line_accuracy == pytest.approx(1 / 3)
        assert scores.eojeol_accuracy == pytest.approx(2 / 3)
        assert scores.word_f1 is None

    def test_blank_page_read_as_blank(self, folder: Path) -> None:
        write_split(folder, "val", page_entry())
        (result,) = evaluate.evaluate(load_sets([folder], split="val"), [fake()], isolate=False)
        assert result.scores.cer is None and result.scores.word_f1 is None

    def test_labels_without_text_are_ignored(self, folder: Path) -> None:
        write_split(folder, "val", page_entry(labelled("", 10), labelled("a", 40)))
        (found,) = load_sets([folder], split="val")
        pages = [Page(1, WIDTH, HEIGHT, (Block((line("x", 10), line("a", 40))),))]
        scores, _ = score(Kind.PAGES, found.samples, pages, fold_case=False)
        assert scores.cer == 0 and scores.word_f1 == 1 and scores.detection_f1 == 1

    def test_time_is_measured(self, folder: Path) -> None:
        write_split(folder, "val", page_entry(labelled("a", 10)))
        (result,) = evaluate.evaluate(load_sets([folder], split="val"), [fake(line("a"))], isolate=False)
        assert result.reading.seconds_per_sample > 0 and result.reading.peak_memory is None


class TestEngines:
    def test_missing_peer_is_left_out_with_a_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], models: Path
    ) -> None:
        def missing(name: str) -> None:
            raise MissingPeerError(f"{name} is not installed; type: install it")

        monkeypatch.setattr(peers, "require_installed", missing)
        assert [engine.name for engine in engines("small", ["tesseract"])] == ["small"]
        assert "tesseract is not installed; type: install it" in capsys.readouterr().err
        with pytest.raises(UsageError, match="no engine"):
            engines(None, ["tesseract"], peers_only=True)

    def test_unknown_names(self, models: Path) -> None:
        for name, near in (("rapid", "rapidocr"), ("two-stage", "two_stage"), ("smal", "small")):
            with pytest.raises(UsageError, match=f"unknown engine '{name}' for --against: did you mean {near}"):
                engines("small", [name])
        with pytest.raises(ModelError, match="did you mean small"):
            engines("smal", [])

    def test_our_own_pipelines_and_models_are_engines_too(self, models: Path, tmp_path: Path) -> None:
        trained = make_model(tmp_path / "run" / "best")
        found = engines(None, ["small", "two_stage", str(trained)])
        assert [engine.name for engine in found] == ["two-stage-small", "small", str(trained)]  # each once
        assert [engine.name for engine in engines(None, [], pipeline="two_stage")] == ["two-stage-small"]
        assert [engine.name for engine in engines(None, ["small"], peers_only=True)] == ["small"]
        with pytest.raises(UsageError, match="unknown pipeline"):
            engines(None, [], pipeline="one_stage")

    def test_engines_and_errors_travel_between_processes(self, models: Path) -> None:
        engine = Engine("tesseract", partial(peers.load, "tesseract"))
        for sent in [engine, *engines("small", [])]:
            assert pickle.loads(pickle.dumps(sent)).name == sent.name
        error = pickle.loads(pickle.dumps(InputError("damaged", "bad file")))
        assert (error.code, str(error)) == ("damaged", "bad file")
        assert "vitocr[train]" in str(pickle.loads(pickle.dumps(MissingExtraError("training", "train"))))

    def test_peak_memory_is_in_bytes(self) -> None:
        memory = peak_memory()
        assert memory is None or 10e6 < memory < 100e9

    @pytest.mark.skipif("not _has_tesseract()", reason="the tesseract command is not installed")
    def test_reading_in_another_process(self, folder: Path) -> None:
        write_split(folder, "val", page_entry())
        engine = Engine("tesseract", partial(peers.load, "tesseract"))
        (result,) = evaluate.evaluate(load_sets([folder], split="val"), [engine])
        assert result.reading.peak_memory and result.reading.peak_memory > 10e6
        assert result.to_dict()["cpu_seconds_per_sample"] > 0  # that of the tesseract processes

    @pytest.mark.skipif("not _has_tesseract()", reason="the tesseract command is not installed")
    def test_errors_come_back_from_the_other_process(self, folder: Path) -> None:
        write_split(folder, "val", page_entry(labelled("a", 10)))
        sets = load_sets([folder], split="val")
        (folder / "page.png").write_bytes(b"")
        with pytest.raises(InputError, match="0 bytes"):
            evaluate.evaluate(sets, [Engine("tesseract", partial(peers.load, "tesseract"))])


class Broken:
    """Readers that fail while they are made, in the other process."""

    @staticmethod
    def bug(languages: Sequence[str]) -> FakeReader:
        raise ValueError("a bug")

    @staticmethod
    def crash(languages: Sequence[str]) -> FakeReader:
        os._exit(9)


class TestFailingProcess:
    """A bug or a crash of an engine. Classes of test modules cannot be sent to a spawned process, so fork is used."""

    @pytest.fixture(autouse=True)
    def fork(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if "fork" not in multiprocessing.get_all_start_methods():
            pytest.skip("needs fork")
        context = multiprocessing.get_context("fork")
        monkeypatch.setattr(multiprocessing, "get_context", lambda method: context)

    def test_bug_comes_back_with_its_trace(self, folder: Path) -> None:
        write_split(folder, "val", {"text": "a"})
        with pytest.raises(RuntimeError, match=r"(?s)broken failed on .*ValueError: a bug"):
            evaluate.evaluate(load_sets([folder], split="val"), [Engine("broken", Broken.bug)])

    def test_crash_is_one_line(self, folder: Path) -> None:
        write_split(folder, "val", {"text": "a"})
        with pytest.raises(OcrError, match="broken ended without a result"):
            evaluate.evaluate(load_sets([folder], split="val"), [Engine("broken", Broken.crash)])


class TestCommand:
    def test_table_json_html(self, folder: Path, monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
        write_split(folder, "val", page_entry(labelled("Total 12.50", 10)))

        def load(folder: Path, adapter: Path | None = None) -> FakeReader:
            return FakeReader(line({"small": "Total 12.5O", "two-stage-small": "Tota1 12.5O"}[folder.name]))

        monkeypatch.setattr(pipeline, "load", load)
        monkeypatch.setattr(evaluate, "_read_in_process", evaluate.read_set)
        app = typer.Typer()
        app.command()(command)
        files = ["--json", str(folder / "out" / "r.json"), "--html", str(folder / "out" / "r.html")]
        options = ["--model", "small", "--against", "two_stage", *files]
        result = CliRunner().invoke(app, [str(folder), *options], catch_exceptions=False)
        assert "| small " in result.stdout and "0.091" in result.stdout
        rows = json.loads((folder / "out" / "r.json").read_text("utf-8"))["results"]
        assert [(row["engine"], row["cer"]) for row in rows] == [
            ("small", pytest.approx(1 / 11)),
            ("two-stage-small", pytest.approx(2 / 11)),
        ]
        assert "data:image/jpeg;base64," in (folder / "out" / "r.html").read_text("utf-8")


def _has_tesseract() -> bool:
    try:
        peers.require_installed("tesseract")
    except MissingPeerError:
        return False
    return True
