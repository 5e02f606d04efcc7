"""Output formats, where they go, and the overlay."""

from __future__ import annotations

import errno
import json
import re
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
from ocr.writers import WRITERS, Format, WriterOptions, find_format, find_formats, format_of, overlay
from ocr.writers.output import encode, open_output, unique_name, write_error
from ocr.writers.several import Outputs, open_outputs


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
    return "".join(str(piece) for piece in WRITERS[name].write(document, options or WriterOptions()))


def opened(path: Path | str, output_format: Format, options: WriterOptions | None = None) -> Outputs:
    return open_outputs(str(path), [], [output_format], options or WriterOptions())


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
    for name in WRITERS.keys() - {"pdf"}:
        stream = DocumentStream(DOCUMENT.source, iter(DOCUMENT.pages))
        written_now = (written(name, stream), written(name, DOCUMENT))  # PAGE XML holds the second of its making
        first, second = (re.sub(r"\d\d:\d\d:\d\dZ", "", text) for text in written_now)
        assert first == second


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
    with pytest.raises(UsageError, match="known are alto, hocr, json"):
        find_format("docx")


def test_several_documents_in_one_file(tmp_path: Path) -> None:
    for name in ("txt", "json", "jsonl", "md"):
        output = opened(tmp_path / name, WRITERS[name], WriterOptions(titled=True))
        for document in (DOCUMENT, FAILED, DOCUMENT):
            output.write(document)
        output.close()
    array = json.loads((tmp_path / "json").read_text("utf-8"))
    lines = [json.loads(line) for line in (tmp_path / "jsonl").read_text("utf-8").splitlines()]
    assert array == lines
    assert [entry["source"] for entry in array] == ["scan.pdf", "bad.png", "scan.pdf"]
    assert (tmp_path / "txt").read_text("utf-8").count("==> ") == 3
    assert (tmp_path / "md").read_text("utf-8").count("<!-- scan.pdf -->") == 2


def test_a_folder_gets_a_file_for_each_document(tmp_path: Path) -> None:
    output = opened(f"{tmp_path}/new/", WRITERS["json"], WriterOptions(titled=True))
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
        opened(tmp_path, WRITERS["json"]).write(Document(str(source)))
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
    output = opened(f"{target}/" if folder else target, WRITERS["jsonl"], WriterOptions(titled=True))
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


# Formats and places


def test_a_format_comes_from_the_suffix() -> None:
    names = {"a.hocr": "hocr", "a.alto.xml": "alto", "a.page.xml": "page", "A.PDF": "pdf", "a.md": "md", "a.out": "txt"}
    assert {name: format_of(name) for name in names} == names
    assert format_of(None) == "txt"
    with pytest.raises(UsageError, match="--format alto or --format page"):
        format_of("a.xml")
    with pytest.raises(UsageError, match=r"a\.docx would be of no format.*\.txt, \.json"):
        format_of("a.docx")


def test_several_formats_are_written_from_pages_that_come_once(tmp_path: Path) -> None:
    taken: list[int] = []

    def pages() -> Iterator[Page]:
        for number in range(1, 6):
            taken.append(number)
            yield page(number, f"line {number}")

    formats = find_formats("json, txt,hocr,json")
    assert [entry.name for entry in formats] == ["json", "txt", "hocr"]
    output = open_outputs(str(tmp_path / "scan.txt"), [], formats, WriterOptions())
    output.write(DocumentStream("scan.pdf", pages()))
    output.close()
    assert taken == [1, 2, 3, 4, 5]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan.hocr", "scan.json", "scan.txt"]
    assert (tmp_path / "scan.txt").read_text("utf-8").split("\n\n") == [f"line {n}" for n in range(1, 5)] + ["line 5\n"]
    assert len(json.loads((tmp_path / "scan.json").read_text("utf-8"))["pages"]) == 5
    assert (tmp_path / "scan.hocr").read_text("utf-8").count('class="ocr_page"') == 5


def test_no_format_runs_ahead_of_another(tmp_path: Path) -> None:
    seen: dict[str, int] = {}
    most_apart = 0

    class Counting:
        def __init__(self, name: str, pieces: int) -> None:
            self.name, self.pieces = name, pieces

        def steps(self, document: Document | DocumentStream) -> Iterator[None]:
            nonlocal most_apart
            for count, _ in enumerate(document.pages, 1):
                seen[self.name] = count
                most_apart = max(most_apart, max(seen.values()) - min(seen.values()))
                yield from [None] * self.pieces

        def close(self) -> None:
            pass

    Outputs([Counting("one", 1), Counting("many", 9)]).write(Document("x", tuple(page(n) for n in range(1, 50))))
    assert seen == {"one": 49, "many": 49} and most_apart == 1


def test_a_folder_gets_every_format_and_a_page_a_file_where_one_file_holds_no_more(tmp_path: Path) -> None:
    output = open_outputs(f"{tmp_path}/", [], find_formats("page,alto,tsv,jsonl"), WriterOptions())
    output.write(DOCUMENT)
    output.write(FAILED)
    output.close()
    names = ["scan.page.xml", "scan-0002.page.xml", "scan-0003.page.xml", "scan.tsv", "scan.jsonl", "bad.jsonl"]
    names += ["scan.alto.xml", "scan-0002.alto.xml", "scan-0003.alto.xml"]
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_one_file_holds_one_document_or_page(tmp_path: Path) -> None:
    for name in ("hocr", "tsv", "alto", "page", "pdf"):
        with pytest.raises(UsageError, match="holds one document; give a folder"):
            opened(tmp_path / "x", WRITERS[name], WriterOptions(titled=True))
    with pytest.raises(UsageError, match=r"scan\.pdf has several pages.*or one page by --pages"):
        opened(tmp_path / "x.page.xml", WRITERS["page"]).write(DOCUMENT)
    with pytest.raises(UsageError, match="give a folder or a stem"):
        open_outputs(None, [], find_formats("txt,json"), WriterOptions())
    with pytest.raises(OutputError, match="make it first"):
        opened(tmp_path / "none" / "x.hocr", WRITERS["hocr"])
    opened(tmp_path / "bad.hocr", WRITERS["hocr"]).write(FAILED)
    assert list(tmp_path.iterdir()) == []


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
