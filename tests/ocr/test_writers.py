"""Output formats, where they go, and the overlay."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ocr.document import Block, Char, Document, Line, Page, Word, document_from_dict, document_to_dict
from ocr.errors import Failure, OutputError, UsageError
from ocr.polygon import from_box
from ocr.predict import DocumentStream
from ocr.writers import WRITERS, WriterOptions, find_format, overlay
from ocr.writers.output import FolderOutput, encode, open_output, unique_name, write_error


def page(number: int, *lines: str) -> Page:
    boxes = [from_box(10, 10 + 40 * n, 190, 40 + 40 * n) for n in range(len(lines))]
    made = tuple(
        Line(text, box, 0.5, (Word(text, box, 0.5, tuple(Char(c, box) for c in text)),))
        for text, box in zip(lines, boxes, strict=True)
    )
    return Page(number, 200, 100, (Block(made),) if made else ())


DOCUMENT = Document("scan.pdf", (page(1, "Total 12.50", "합계"), page(2), page(3, "end")))
FAILED = Document("bad.png", error=Failure("empty", "the file is empty"))


def written(name: str, document: Document | DocumentStream, options: WriterOptions | None = None) -> str:
    return "".join(WRITERS[name].write(document, options or WriterOptions()))


def test_plain_text_has_an_empty_line_between_pages_with_text() -> None:
    assert written("txt", DOCUMENT) == "Total 12.50\n합계\n\nend\n"
    assert written("txt", DOCUMENT, WriterOptions(titled=True)).startswith("==> scan.pdf <==\nTotal")
    assert written("txt", Document("blank.png", (page(1),))) == ""


@pytest.mark.parametrize("name", ["json", "jsonl"])
@pytest.mark.parametrize("chars", [False, True])
@pytest.mark.parametrize("document", [DOCUMENT, FAILED, Document("none.tif")])
def test_json_is_the_dictionary_of_the_document(name: str, chars: bool, document: Document) -> None:
    text = written(name, document, WriterOptions(chars=chars))
    assert json.loads(text) == json.loads(json.dumps(document_to_dict(document, chars=chars)))
    assert text.endswith("\n")
    assert name == "json" or text.count("\n") == 1


def test_a_stream_of_pages_is_written_like_the_document() -> None:
    for name in WRITERS:
        stream = DocumentStream(DOCUMENT.source, iter(DOCUMENT.pages))
        assert written(name, stream) == written(name, DOCUMENT)


def test_json_never_holds_nan() -> None:
    bad = Document("x", (Page(1, 1, 1, (Block((Line("x", from_box(0, 0, 1, 1), float("nan")),)),)),))
    with pytest.raises(ValueError, match="not JSON compliant"):
        written("json", bad)


def test_names_that_are_no_utf8_stay_valid_json() -> None:
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    data = encode(written("jsonl", Document(name)))
    assert json.loads(data.decode("utf-8"))["source"] == name


def test_an_unknown_format_gets_a_suggestion() -> None:
    assert find_format("json") is WRITERS["json"]
    with pytest.raises(UsageError, match="did you mean jsonl"):
        find_format("jsnl")
    with pytest.raises(UsageError, match="known are json"):
        find_format("docx")


def test_several_documents_in_one_file(tmp_path: Path) -> None:
    for name in WRITERS:
        output = open_output(str(tmp_path / name), [], WRITERS[name], WriterOptions(titled=True))
        for document in (DOCUMENT, FAILED, DOCUMENT):
            output.write(document)
        output.close()
    array = json.loads((tmp_path / "json").read_text("utf-8"))
    lines = [json.loads(line) for line in (tmp_path / "jsonl").read_text("utf-8").splitlines()]
    assert array == lines
    assert [entry["source"] for entry in array] == ["scan.pdf", "bad.png", "scan.pdf"]
    assert (tmp_path / "txt").read_text("utf-8").count("==> ") == 3


def test_a_folder_gets_a_file_for_each_document(tmp_path: Path) -> None:
    output = open_output(f"{tmp_path}/new/", [], WRITERS["json"], WriterOptions(titled=True))
    for source in ("a/scan.png", "a/scan.jpg", "b/scan.jpg", "-"):
        output.write(Document(source, (page(1, source),)))
    output.close()
    names = {path.name: json.loads(path.read_text("utf-8"))["source"] for path in (tmp_path / "new").iterdir()}
    assert names == {
        "scan.json": "a/scan.png",
        "scan.jpg.json": "a/scan.jpg",
        "scan.jpg-2.json": "b/scan.jpg",
        "stdin.json": "-",
    }


def test_names_differ_on_file_systems_that_ignore_case() -> None:
    used: set[str] = set()
    assert [unique_name(name, ".txt", used) for name in ("A.png", "a.png")] == ["A.txt", "a.png.txt"]


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "notes.json"
    source.write_text("precious")
    with pytest.raises(OutputError, match="it is an input"):
        open_output(str(source), [str(source)], WRITERS["json"], WriterOptions())
    with pytest.raises(OutputError, match="it is an input"):
        FolderOutput(tmp_path, WRITERS["json"], WriterOptions()).write(Document(str(source)))
    assert source.read_text() == "precious"


class FullDisk:
    """A page stream that ends like a full disk, or like Ctrl+C."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __iter__(self) -> Iterator[Page]:
        yield from DOCUMENT.pages * 20_000  # more than is kept back before the first writing
        raise self.error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("folder", [False, True])
def test_output_ends_on_a_whole_document(tmp_path: Path, error: BaseException, folder: bool) -> None:
    target = tmp_path / "out"
    output = open_output(f"{target}/" if folder else str(target), [], WRITERS["jsonl"], WriterOptions(titled=True))
    output.write(DOCUMENT)
    with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
        output.write(DocumentStream("large.pdf", iter(FullDisk(error))))
    output.close()
    if isinstance(error, OSError):
        assert "no space left" in str(caught.value)
    files = list(target.iterdir()) if folder else [target]
    assert [json.loads(path.read_text("utf-8"))["source"] for path in files] == ["scan.pdf"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        open_output(str(tmp_path / "file" / "x.txt"), [], WRITERS["txt"], WriterOptions())
    with pytest.raises(OutputError, match="cannot write"):
        open_output(str(tmp_path / "file" / "folder") + "/", [], WRITERS["txt"], WriterOptions())
    assert "permission denied" in str(write_error("x", PermissionError(errno.EACCES, "Permission denied")))


# Overlay


def blank(height: int = 100, width: int = 200) -> Any:
    return np.full((height, width, 3), 255, np.uint8)


def test_overlay_draws_boxes_and_text_beside_the_page() -> None:
    picture, legend = overlay.draw_overlay(page(1, "Total 12.50"), blank())
    assert picture.shape == (100, 400, 3)
    assert legend == []
    assert picture[:, :200].min() < 255
    assert picture[15:35, 220:380].min() < 100  # letters inside the box on the right
    assert picture[60:, 200:].min() == 255


@pytest.mark.parametrize("angle", [0, 90, 180, 270, 33])
def test_overlay_text_follows_the_direction_of_its_line(angle: int) -> None:
    matrix = cv2.getRotationMatrix2D((150, 150), -angle, 1)
    box = np.array([[50, 130], [250, 130], [250, 170], [50, 170]]) @ matrix[:, :2].T + matrix[:, 2]
    line = Line("Total", tuple((float(x), float(y)) for x, y in box))
    picture, _ = overlay.draw_overlay(Page(1, 300, 300, (Block((line,)),)), blank(300, 300))
    back = cv2.warpAffine(
        picture[:, 300:], cv2.getRotationMatrix2D((150, 150), angle, 1), (300, 300), borderValue=(255,) * 3
    )
    dark = np.argwhere(back.min(axis=2) < 120)
    assert dark[:, 0].min() > 128
    assert dark[:, 0].max() < 172
    assert dark[:, 1].min() < 70  # the text starts at the first corner of its polygon


def test_overlay_numbers_lines_whose_letters_no_font_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "installed_fonts", lambda: (overlay.ImageFont.load_default(48),))
    folder = overlay.OverlayFolder(tmp_path)
    folder.write("a/scan.png", page(1, "Total", "합계"), blank())
    assert (tmp_path / "scan.overlay.txt").read_text("utf-8") == "2\t합계\n"
    picture = cv2.imread(str(tmp_path / "scan.overlay.jpg"))
    assert picture is not None
    assert picture.shape == (100, 400, 3)


def test_overlay_files_are_named_after_source_and_page(tmp_path: Path) -> None:
    folder = overlay.OverlayFolder(tmp_path / "new")
    for source, number in (("a/scan.pdf", 1), ("a/scan.pdf", 2), ("b/scan.pdf", 1), ("b/scan.pdf", 7)):
        folder.write(source, page(number, "x"), blank())
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == [f"{stem}.overlay.jpg" for stem in ("scan-0002", "scan", "scan.pdf-0007", "scan.pdf")]


@pytest.mark.parametrize(
    "polygon",
    [
        from_box(-50, -50, -10, -10),
        from_box(500, 500, 600, 520),
        from_box(20, 20, 20, 20),
        from_box(-30, 20, 900, 60),
        ((0, 50), (50, 40), (100, 50), (100, 80), (50, 70), (0, 80)),
    ],
)
def test_overlay_survives_polygons_outside_empty_or_with_more_corners(polygon: Any) -> None:
    lines = (Line("Total 12", polygon), Line(" ", polygon), Line("", polygon))
    picture, _ = overlay.draw_overlay(Page(1, 200, 100, (Block(lines),)), blank())
    assert picture.shape == (100, 400, 3)


def test_documents_survive_json_with_everything() -> None:
    assert document_from_dict(json.loads(written("json", DOCUMENT, WriterOptions(chars=True)))) == DOCUMENT
