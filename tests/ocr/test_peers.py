"""Peers: their output formats with texts written here, and the real engines where they are installed."""

from __future__ import annotations

import importlib.util
import shutil

import cv2
import numpy as np
import pytest

from ocr import peers
from ocr.document import Word
from ocr.errors import UsageError
from ocr.models.interface import Image
from ocr.peers import MissingPeerError, tesseract
from ocr.peers.tesseract import TesseractReader, join_pieces, parse_tsv
from ocr.polygon import bounds, from_box

HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="the tesseract command is not installed")
needs_rapidocr = pytest.mark.skipif(importlib.util.find_spec("rapidocr") is None, reason="rapidocr is not installed")


def table(*rows: str) -> str:
    return "\n".join([HEADER, *(row.replace(" ", "\t") for row in rows)])


def picture(*texts: str) -> Image:
    image = np.full((40 + 70 * len(texts), 700, 3), 255, np.uint8)
    for index, text in enumerate(texts):
        cv2.putText(image, text, (20, 70 + 70 * index), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 3, cv2.LINE_AA)
    return image


class TestTable:
    def test_blocks_lines_words(self) -> None:
        tsv = table(
            "1 1 0 0 0 0 0 0 100 100 -1 ",
            "5 1 1 1 1 1 10 10 30 8 96.0 Hello",
            '5 1 1 1 1 2 50 10 30 8 90.0 "you',
            "5 1 1 1 2 1 10 30 30 8 80.0 again",
            "5 1 2 1 1 1 10 60 30 8 70.0 other",
            "5 1 3 1 1 1 10 80 30 8 95.0  ",
        )
        first, second = parse_tsv(tsv, 'Hello "you\nagain\n\nother\n\f')
        assert [line.text for line in first.lines] == ['Hello "you', "again"]
        assert [line.text for line in second.lines] == ["other"]
        line = first.lines[0]
        assert line.polygon == from_box(10, 10, 80, 18) and line.confidence == pytest.approx(0.93)
        assert line.words[0].polygon == from_box(10, 10, 40, 18) and line.words[0].confidence == pytest.approx(0.96)

    def test_hangul_words_come_from_the_text_output(self) -> None:
        tsv = table(
            "5 1 1 1 1 1 0 0 10 10 90 상",
            "5 1 1 1 1 2 10 0 10 10 80 품",
            "5 1 1 1 1 3 30 0 20 10 70 준비",
            "5 1 1 1 1 4 50 0 10 10 60 중",
        )
        (block,) = parse_tsv(tsv, "another line\n상품   준비중\n\f")
        first, second = block.lines[0].words
        assert (first.text, first.polygon, first.confidence) == ("상품", from_box(0, 0, 20, 10), 0.8)
        assert (second.text, second.polygon, second.confidence) == ("준비중", from_box(30, 0, 60, 10), 0.6)

    def test_hangul_line_missing_from_the_text_output_stays(self) -> None:
        (block,) = parse_tsv(table("5 1 1 1 1 1 0 0 10 10 90 상", "5 1 1 1 1 2 10 0 10 10 80 품"), "")
        assert block.lines[0].text == "상 품"

    def test_repeated_lines_are_taken_in_turn(self) -> None:
        rows = (f"5 1 1 1 {n} {k} {10 * k} {20 * n} 10 10 90 가" for n in (1, 2) for k in (1, 2))
        (block,) = parse_tsv(table(*rows), "가가\n가 가\n")
        assert [line.text for line in block.lines] == ["가가", "가 가"]

    def test_a_piece_shared_by_two_words_is_cut(self) -> None:
        left, right = join_pieces([Word("가나다라", from_box(0, 0, 40, 10))], ["가", "나다라"])
        assert (left.polygon, right.polygon) == (from_box(0, 0, 10, 10), from_box(10, 0, 40, 10))


class TestChoosing:
    def test_unknown_peer_has_a_suggestion(self) -> None:
        with pytest.raises(UsageError, match="did you mean tesseract"):
            peers.find("tesserac")

    def test_missing_tesseract_names_the_install_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda _: None)
        with pytest.raises(MissingPeerError, match="apt-get install tesseract-ocr"):
            peers.load("tesseract", ["en"])

    def test_missing_rapidocr_names_the_install_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        with pytest.raises(MissingPeerError, match="pip install rapidocr"):
            peers.load("rapidocr", ["en"])

    def test_languages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tesseract, "installed_languages", lambda: {"eng", "kor"})
        assert tesseract.load(["ko", "en"]).languages == "kor+eng"
        assert tesseract.load(["es"]).languages == "eng"
        with pytest.raises(UsageError, match="apt-get install tesseract-ocr-chi-sim"):
            TesseractReader("chi_sim")


@needs_tesseract
class TestTesseract:
    def test_page(self) -> None:
        image = picture("Invoice 2024", "Total 12.50")
        (page,) = tesseract.load(["en"]).predict([image])
        assert [line.text for line in page.lines] == ["Invoice 2024", "Total 12.50"]
        assert (page.width, page.height) == (700, 180)
        left, top, right, bottom = bounds(next(page.words).polygon)
        assert 10 < left < 30 and 25 < top < 45 and 150 < right < 260 and 65 < bottom < 90
        assert all(0 <= word.confidence <= 1 for word in page.words)

    def test_blank_page_has_no_blocks(self) -> None:
        (page,) = tesseract.load(["en"]).predict([np.full((200, 200, 3), 255, np.uint8)])
        assert page.blocks == ()

    def test_lines(self) -> None:
        image = picture("Hello world")[25:90]
        (line,) = tesseract.load(["en"]).read_lines([image])
        assert line.text == "Hello world" and [word.text for word in line.words] == ["Hello", "world"]
        assert 10 < bounds(line.polygon)[0] < 30


@needs_rapidocr
class TestRapidOcr:
    def test_page_and_lines(self) -> None:
        reader = peers.load("rapidocr", ["en"])
        image = picture("Invoice 2024", "Total 12.50")
        assert reader.read_lines([image[25:90]])[0].text == "Invoice 2024"
        page, blank = reader.predict([image, np.full((200, 200, 3), 255, np.uint8)])
        assert [word.text for word in page.words] == ["Invoice", "2024", "Total", "12.50"]
        assert all(0 <= word.confidence <= 1 for word in page.words)
        assert blank.blocks == ()
