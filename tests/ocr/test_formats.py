"""hOCR, ALTO, PAGE XML, TSV and Markdown, each held against its standard, its own consumers and our own readers."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from ocr.data.label_options import LabelOptions
from ocr.data.labels import alto as alto_labels
from ocr.data.labels import page_xml as page_labels
from ocr.document import Block, Char, Document, Line, Page, Word, document_from_dict, document_to_dict
from ocr.errors import Failure
from ocr.peers.tesseract import parse_tsv
from ocr.polygon import Polygon, as_polygon, bounds, from_box, slice_quad, transform
from ocr.writers import WRITERS, WriterOptions, find_formats
from ocr.writers.several import open_outputs

WIDTH, HEIGHT = 800, 600
CHARS = WriterOptions(chars=True)


def turned(text: str, centre: tuple[float, float], angle: float, height: float = 30.0) -> Line:
    """A line of words with characters, turned clockwise by an angle in degrees about its centre."""
    length = height * len(text) * 0.55
    x, y = centre
    box = from_box(x - length / 2, y - height / 2, x + length / 2, y + height / 2)
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[cosine, -sine, x - cosine * x + sine * y], [sine, cosine, y - sine * x - cosine * y]])
    quad = transform(box, matrix)
    words, start = [], 0
    for word in text.split(" "):
        chars = tuple(
            Char(letter, part(quad, (start + n) / len(text), (start + n + 1) / len(text)), 0.5 + n / 100)
            for n, letter in enumerate(word)
        )
        words.append(Word(word, part(quad, start / len(text), (start + len(word)) / len(text)), 0.75, chars))
        start += len(word) + 1
    return Line(text, as_polygon(quad), 0.875, tuple(words))


def part(quad: object, start: float, stop: float) -> Polygon:
    return as_polygon(slice_quad(quad, start, stop))  # type: ignore[arg-type]


LINES = (
    turned("Total <12.50> & 'more'", (200, 40), 0),
    turned("합계 금액 3,000원", (200, 80), 1.5),
    turned("aslant upwards", (560, 150), -30),
    turned("down the side", (740, 300), 90),
    turned("up the side", (60, 350), 270),
    turned("upside down", (400, 560), 180),
    turned("every which way", (380, 330), 137),
)
PAGE = Page(1, WIDTH, HEIGHT, (Block(LINES[:2]), Block(()), *(Block((line,)) for line in LINES[2:])))
DOCUMENT = Document("scans/page ü.png", (PAGE,))
BARE = Page(2, 100, 50, (Block((Line("no words here", from_box(-3, 10, 104, 30)),)),))
TWO_PAGES = Document("a.pdf", (PAGE, Page(2, 0, 0, error=Failure("damaged", "the page is damaged")), BARE))


def written(name: str, document: Document = DOCUMENT, options: WriterOptions = CHARS) -> str:
    return "".join(str(piece) for piece in WRITERS[name].write(document, options))


def parsed(text: str) -> ElementTree.Element:
    """The root, without namespaces in the names of the elements."""
    root = ElementTree.fromstring(text.encode())
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def block(*texts: str, top: float, heading: int = 0) -> Block:
    lines = tuple(Line(t, from_box(50, top + n * 40, 450, top + n * 40 + 20)) for n, t in enumerate(texts))
    return Block(lines, heading)


def cells(*rows: tuple[str, ...], top: float) -> Block:
    places = [(r, c, text) for r, row in enumerate(rows) for c, text in enumerate(row) if text]
    boxes = [(text, 50 + 200 * c, top + 40 * r) for r, c, text in places]
    return Block(tuple(Line(text, from_box(x, y, x + 15 * len(text), y + 20)) for text, x, y in boxes))


SHEET = Page(
    1,
    900,
    1200,
    (
        block("Annual report", top=20, heading=1),
        block("Of the", "society", top=100, heading=2),
        block("It was the best of times,", "# not a heading, 1 * 2 * 3 <b>", "1905. Not a list", top=200),
        block("• milk and", "bread", "• eggs_and_ham", top=350),
        block("Things to do:", "1. rise", "2) shine", "(3) a)", "b) and rest", top=500),
        cells(("Item", "Price", "Tax"), ("Tea | milk", "2.50", ""), ("Cake", "", "0.30"), top=700),
        block("The end", top=900),
    ),
)


# The grammar of ALTO 4.4 and PAGE 2019, as far as we write it: attributes that must and may be there, and the order of
# the children as a regular expression over their names.

PLACE = {"HPOS", "VPOS", "WIDTH", "HEIGHT"}
ALTO = {
    "alto": (
        set(),
        {"SCHEMAVERSION", "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"},
        "Description (Tags )?Layout ",
    ),
    "Description": (set(), set(), "MeasurementUnit sourceImageInformation Processing "),
    "MeasurementUnit": (set(), set(), ""),
    "sourceImageInformation": (set(), set(), "fileName "),
    "fileName": (set(), set(), ""),
    "Processing": ({"ID"}, set(), "processingSoftware "),
    "processingSoftware": (set(), set(), "softwareName softwareVersion "),
    "softwareName": (set(), set(), ""),
    "softwareVersion": (set(), set(), ""),
    "Tags": (set(), set(), "(StructureTag )+"),
    "StructureTag": ({"ID", "LABEL"}, {"DESCRIPTION"}, ""),
    "Layout": (set(), set(), "Page "),
    "Page": ({"ID", "PHYSICAL_IMG_NR"}, {"WIDTH", "HEIGHT"}, "PrintSpace "),
    "PrintSpace": (set(), PLACE, "(TextBlock )*"),
    "TextBlock": ({"ID"}, {"TAGREFS"} | PLACE, "(TextLine )*"),
    "TextLine": (set(), {"ID", "BASELINE"} | PLACE, "(Shape )?(String (SP )?)+"),
    "String": ({"CONTENT"}, {"ID", "WC"} | PLACE, "(Shape )?(Glyph )*"),
    "SP": (set(), PLACE, ""),
    "Glyph": ({"CONTENT"}, {"GC"} | PLACE, "(Shape )?"),
    "Shape": (set(), set(), "Polygon "),
    "Polygon": ({"POINTS"}, set(), ""),
}
PAGE_XML = {
    "PcGts": (set(), set(), "Metadata Page "),
    "Metadata": (set(), set(), "Creator Created LastChange "),
    "Creator": (set(), set(), ""),
    "Created": (set(), set(), ""),
    "LastChange": (set(), set(), ""),
    "Page": ({"imageFilename", "imageWidth", "imageHeight"}, set(), "(ReadingOrder )?(TextRegion )*"),
    "ReadingOrder": (set(), set(), "OrderedGroup "),
    "OrderedGroup": ({"id"}, set(), "(RegionRefIndexed )+"),
    "RegionRefIndexed": ({"index", "regionRef"}, set(), ""),
    "TextRegion": ({"id"}, {"type"}, "Coords (TextLine )*(TextEquiv )?"),
    "TextLine": ({"id"}, set(), "Coords (Baseline )?(Word )*(TextEquiv )?"),
    "Word": ({"id"}, set(), "Coords (Glyph )*(TextEquiv )?"),
    "Glyph": ({"id"}, set(), "Coords (TextEquiv )?"),
    "Coords": ({"points"}, set(), ""),
    "Baseline": ({"points"}, set(), ""),
    "TextEquiv": (set(), {"conf"}, "Unicode "),
    "Unicode": (set(), set(), ""),
}
FRACTION = {"WC", "GC", "conf"}
NUMBERS = PLACE | {"PHYSICAL_IMG_NR", "imageWidth", "imageHeight"}


@pytest.mark.parametrize(("name", "grammar"), [("alto", ALTO), ("page", PAGE_XML)])
@pytest.mark.parametrize("page", [PAGE, BARE, Page(3, 10, 10), SHEET], ids=["full", "bare", "empty", "headings"])
@pytest.mark.parametrize("chars", [False, True])
def test_xml_follows_the_grammar_of_its_standard(name: str, grammar: dict, page: Page, chars: bool) -> None:  # type: ignore[type-arg]
    root = parsed(written(name, Document("x.png", (page,)), WriterOptions(chars=chars)))
    names = []
    for element in root.iter():
        needed, allowed, order = grammar[element.tag]
        assert needed <= set(element.attrib) <= needed | allowed, element.tag
        children = "".join(f"{child.tag} " for child in element)
        assert re.fullmatch(order, children), f"{element.tag}: {children}"
        names += [element.attrib[key] for key in ("ID", "id") if key in element.attrib]
        assert all(0 <= float(value) <= 1 for key, value in element.attrib.items() if key in FRACTION)
        assert all(np.isfinite(float(value)) for key, value in element.attrib.items() if key in NUMBERS)
        if "points" in element.attrib:
            assert re.fullmatch(r"([0-9]+,[0-9]+ )+([0-9]+,[0-9]+)", element.attrib["points"])
        if element.tag == "Glyph" and name == "alto":
            assert len(element.attrib["CONTENT"]) == 1
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", entry) for entry in names)
    assert ("Glyph" in {element.tag for element in root.iter()}) == (chars and page is PAGE)


@pytest.mark.parametrize(("name", "reader", "pixels"), [("alto", alto_labels, 0.02), ("page", page_labels, 0.75)])
def test_our_own_readers_get_everything_back(name: str, reader: object, pixels: float, tmp_path: Path) -> None:
    (tmp_path / "page ü.png").write_bytes(b"")
    path = tmp_path / f"x{WRITERS[name].suffix}"
    path.write_text(written(name), encoding="utf-8")
    (sample,) = reader.read(path, LabelOptions())  # type: ignore[attr-defined]
    assert sample.image == tmp_path / "page ü.png" and sample.size == (WIDTH, HEIGHT)
    read = list(sample.page.lines)
    assert [line.text for line in read] == [line.text for line in LINES]
    for line, original in zip(read, LINES, strict=True):
        pairs: list[tuple[Line | Word | Char, Line | Word | Char]] = [(line, original)]
        pairs += zip(line.words, original.words, strict=True)
        for word, other in zip(line.words, original.words, strict=True):
            assert word.text == other.text
            pairs += zip(word.chars, other.chars, strict=True)
        for item, other_item in pairs:
            assert item.text == other_item.text
            assert np.abs(np.subtract(item.polygon, other_item.polygon)).max() <= pixels


def test_page_xml_keeps_confidences_and_the_order_of_reading() -> None:
    root = parsed(written("page"))
    assert {element.get("conf") for element in root.iterfind(".//TextLine/TextEquiv")} == {"0.8750"}
    assert {element.get("conf") for element in root.iterfind(".//Word/TextEquiv")} == {"0.7500"}
    order = [element.get("regionRef") for element in root.iter("RegionRefIndexed")]
    assert order == [region.get("id") for region in root.iter("TextRegion")]


def test_xml_replaces_what_it_cannot_hold() -> None:
    box = from_box(0, 0, 9, 9)
    line = Line("a\x0bb", box, float("nan"), (Word("a\x0bb", box),))
    document = Document(b"caf\xe9\x01.png".decode("utf-8", "surrogateescape"), (Page(1, 10, 10, (Block((line,)),)),))
    for name in ("hocr", "alto", "page"):
        assert "a\ufffdb" in written(name, document)
        parsed(written(name, document))


# hOCR


def hocr_title(element: ElementTree.Element) -> dict[str, str]:
    return dict(entry.strip().split(" ", 1) for entry in element.get("title", "").split(";"))  # type: ignore[misc]


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.get("class") == name]


def test_hocr_says_all_that_the_document_says() -> None:
    root = parsed(written("hocr", TWO_PAGES))
    pages = of_class(root, "ocr_page")
    assert [hocr_title(page)["ppageno"] for page in pages] == ["0", "1"]
    assert hocr_title(pages[0])["image"] == '"a.pdf"' and hocr_title(pages[0])["bbox"] == f"0 0 {WIDTH} {HEIGHT}"
    words = of_class(pages[0], "ocrx_word")
    assert ["".join(word.itertext()) for word in words] == [word.text for word in PAGE.words]
    assert {hocr_title(word)["x_wconf"] for word in words} == {"75"}
    for word, original in zip(words, PAGE.words, strict=True):
        box = [int(value) for value in hocr_title(word)["bbox"].split()]
        assert np.abs(np.subtract(box, bounds(original.polygon))).max() <= 0.5
    lines = [hocr_title(line) for line in of_class(pages[0], "ocr_line")]
    assert ["textangle" in line for line in lines] == [False, False, True, True, True, True, True]
    assert [float(line["textangle"]) % 360 for line in lines[2:]] == pytest.approx([30, 270, 90, 180, 223], abs=0.02)
    assert lines[0]["baseline"].split() == ["0.0000", "0.0"] and "poly" not in lines[0]
    assert float(lines[1]["baseline"].split()[0]) == pytest.approx(np.tan(np.radians(1.5)), abs=1e-3)
    poly = np.array(lines[6]["poly"].split(), dtype=float).reshape(-1, 2)
    assert np.abs(poly - LINES[6].polygon).max() <= 0.06
    chars = of_class(words[0], "ocrx_cinfo")
    assert [char.text for char in chars] == list("Total") and hocr_title(chars[1])["x_conf"] == "51.00"


def test_hocr_check_finds_nothing_wrong(tmp_path: Path) -> None:
    program = shutil.which("hocr-check")
    if program is None:
        pytest.skip("hocr-tools is not installed: pip install hocr-tools")
    for document in (DOCUMENT, Document("b.png", (BARE,))):
        path = tmp_path / "x.hocr"
        path.write_text(written("hocr", document), encoding="utf-8")
        done = subprocess.run([program, path], capture_output=True, text=True, check=True)
        assert done.stderr.startswith("ok 1 ") and "not ok" not in done.stderr


def test_ocrmypdf_reads_our_hocr(tmp_path: Path) -> None:
    parser = pytest.importorskip("ocrmypdf.hocrtransform", reason="OCRmyPDF is not installed")
    path = tmp_path / "x.hocr"
    path.write_text(written("hocr", options=WriterOptions()), encoding="utf-8")
    page = parser.HocrParser(path).parse()
    assert [word.text for word in page.words] == [word.text for word in PAGE.words]
    assert (page.bbox.right, page.bbox.bottom) == (WIDTH, HEIGHT)
    angles = [line.textangle or 0 for line in page.lines]
    assert angles[3:6] == [pytest.approx(value) for value in (-90, 90, 180)]


# TSV


def test_tsv_is_what_a_reader_of_tesseract_expects() -> None:
    text = written("tsv", TWO_PAGES)
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert all(len(row) == 12 and None not in row.values() for row in rows)
    first = [row for row in rows if row["page_num"] == "1"]
    assert [row["level"] for row in first[:6]] == ["1", "2", "3", "4", "5", "5"]
    assert first[0]["width"] == str(WIDTH) and {row["conf"] for row in rows if row["level"] != "5"} == {"-1"}
    header, _, rest = text.partition("\n")
    blocks = parse_tsv(
        header + "\n" + "".join(f"{row}\n" for row in rest.splitlines() if row.split("\t")[1] == "1"), ""
    )
    read = [line for block in blocks for line in block.lines]
    assert [line.text for line in read] == [line.text for line in LINES]
    for word, original in zip((w for line in read for w in line.words), PAGE.words, strict=True):
        assert word.confidence == original.confidence
        assert np.abs(np.subtract(bounds(word.polygon), bounds(original.polygon))).max() <= 1
    assert [row["text"] for row in rows if row["page_num"] == "2" and row["level"] == "5"] == ["no words here"]


# Markdown


def test_markdown_has_headings_paragraphs_lists_and_tables() -> None:
    assert written("md", Document("x.png", (SHEET,))) == "\n".join(
        [
            "# Annual report",
            "",
            "## Of the society",
            "",
            "It was the best of times,",
            r"\# not a heading, 1 \* 2 \* 3 \<b>",
            r"1905\. Not a list",
            "",
            "- milk and",
            "   bread",
            r"- eggs\_and\_ham",
            "",
            "Things to do:",
            "",
            "1. rise",
            "2. shine",
            "- (3) a)",
            "- b) and rest",
            "",
            "| Item | Price | Tax |",
            "| --- | --- | --- |",
            r"| Tea \| milk | 2.50 |  |",
            "| Cake |  | 0.30 |",
            "",
            "The end",
            "",
        ]
    )


def test_tables_of_other_columns_that_follow_each_other_stay_two() -> None:
    places = (("long name", 50, 80, 260), ("9", 320, 80, 40), ("other", 50, 120, 240), ("8", 320, 120, 40))
    below = tuple(Line(text, from_box(x, y, x + width, y + 20)) for text, x, y, width in places)
    wide = Block((*cells(("Item", "Price"), ("Tea", "2.50"), top=0).lines, *below))
    text = written("md", Document("x.png", (Page(1, 900, 1200, (wide,)),)))
    assert text == "\n".join(
        [
            "| Item | Price |",
            "| --- | --- |",
            "| Tea | 2.50 |",
            "",
            "| long name | 9 |",
            "| --- | --- |",
            "| other | 8 |",
            "",
        ]
    )


def test_markdown_means_to_its_parser_what_was_read() -> None:
    parser = pytest.importorskip("markdown_it", reason="markdown-it-py, which rich brings, is not installed")
    html = parser.MarkdownIt().enable("table").render(written("md", Document("x.png", (SHEET,))))
    root = ElementTree.fromstring(f"<body>{html}</body>")
    assert [element.tag for element in root] == ["h1", "h2", "p", "ul", "p", "ol", "ul", "table", "p"]
    assert [" ".join(item.itertext()) for item in root[3]] == ["milk and\nbread", "eggs_and_ham"]
    assert [[cell.text or "" for cell in row] for row in root[7].iter("tr")] == [
        ["Item", "Price", "Tax"],
        ["Tea | milk", "2.50", ""],
        ["Cake", "", "0.30"],
    ]
    assert "".join(root[2].itertext()) == "It was the best of times,\n# not a heading, 1 * 2 * 3 <b>\n1905. Not a list"


@pytest.mark.parametrize("document", [DOCUMENT, TWO_PAGES, Document("x", (SHEET,))], ids=["turned", "pages", "sheet"])
def test_markdown_loses_no_letter(document: Document) -> None:
    letters = re.sub(r"[^\w]", "", written("md", document)).replace("_", "")
    assert sorted(letters) == sorted(re.sub(r"[^\w]", "", document.text).replace("_", ""))


def test_a_file_a_page_stands_beside_its_picture(tmp_path: Path) -> None:
    outputs = open_outputs(f"{tmp_path}/", [], find_formats("alto,page"), CHARS)
    outputs.write(TWO_PAGES)
    outputs.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a-0002.alto.xml", "a-0002.page.xml", "a.alto.xml", "a.page.xml"]


# Headings


def test_formats_that_know_headings_have_them() -> None:
    document = Document("x.png", (SHEET,))
    hocr = [entry for entry in parsed(written("hocr", document)).iter() if entry.get("role") == "heading"]
    assert [(entry.get("class"), entry.get("aria-level")) for entry in hocr] == [("ocr_par", "1"), ("ocr_par", "2")]
    regions = [entry for entry in parsed(written("page", document)).iter() if tag(entry) == "TextRegion"]
    assert [entry.get("type") for entry in regions] == ["heading", "heading", *[None] * 5]
    alto = parsed(written("alto", document))
    labels = {entry.get("ID"): entry.get("LABEL") for entry in alto.iter() if tag(entry) == "StructureTag"}
    blocks = [labels.get(entry.get("TAGREFS")) for entry in alto.iter() if tag(entry) == "TextBlock"]
    assert labels == {"heading1": "heading", "heading2": "heading"} and blocks == ["heading", "heading", *[None] * 5]
    assert [block.heading for block in document_from_dict(document_to_dict(document)).pages[0].blocks[:3]] == [1, 2, 0]


def tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
