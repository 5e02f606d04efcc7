"""Born-digital PDFs as labelled pages. The PDFs are written here, byte by byte, with the standard fonts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from ocr.commands.data import app
from ocr.commands.from_pdf import parse_dpi
from ocr.data.from_pdf import PageTask, PdfFile, PdfSetOptions, Tally, disagreement, make_sample, open_file, pdf_samples
from ocr.data.pdf_check import distrust_misfits, mojibake
from ocr.data.pdf_glyphs import Glyph, join_marks, split_ligatures
from ocr.data.pdf_lines import group_runs, split_words
from ocr.data.process_map import ProcessMap
from ocr.data.samples import Sample, load_samples
from ocr.document import Block, Line, Page
from ocr.errors import Failure, InputError, UsageError
from ocr.polygon import bounds, from_box

BODY = "BT /F1 12 Tf 40 {y} Td ({text}) Tj ET"
SENTENCES = ("The quick brown fox jumps over", "the lazy dog and hums a song.", "Now grab your pen: it was 12.50!")


def write_pdf(path: Path, contents: Sequence[str], font: str = "", extra: Sequence[str] = ()) -> Path:
    """A PDF of a page for each content stream; ``extra`` objects are numbered from 5 + 2 * pages."""
    pages = len(contents)
    kids = " ".join(f"{5 + 2 * i} 0 R" for i in range(pages))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>"]
    objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding {font} >>")
    image = bytes(64 * [200, 90]).decode("latin-1")
    objects.append(
        "<< /Type /XObject /Subtype /Image /Width 16 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8"
        f" /Length 128 >>\nstream\n{image}\nendstream"
    )
    for number, content in enumerate(contents):
        resources = "<< /Font << /F1 3 0 R >> /XObject << /Im 4 0 R >> >>"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200]"
            f" /Resources {resources} /Contents {6 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    objects += extra
    body, offsets = "%PDF-1.4\n", []
    for number, item in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{item}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    path.write_bytes((body + f"xref\n0 {size}\n0000000000 65535 f \n{table}" + trailer).encode("latin-1"))
    return path


def paragraph(sentences: Sequence[str] = SENTENCES, before: str = "") -> str:
    lines = [BODY.format(y=160 - 20 * number, text=text) for number, text in enumerate(sentences)]
    return "\n".join([before, *lines])


def options(output: Path, dpi: tuple[float, ...] = (144.0,), strength: str = "clean", seed: int = 0) -> PdfSetOptions:
    return PdfSetOptions(output, dpi, seed, strength, 0, None, 0.25)


def make(path: Path, opts: PdfSetOptions) -> list[Sample | str]:
    """The sample of each page, or why it was dropped, in this process."""
    (opts.output / "images").mkdir(parents=True, exist_ok=True)
    file = open_file(path)
    assert isinstance(file, PdfFile)
    return [make_sample(PageTask(file, index, opts)) for index in range(file.pages)]


def make_one(path: Path, opts: PdfSetOptions) -> Sample:
    (sample,) = make(path, opts)
    assert isinstance(sample, Sample), sample
    return sample


def stream(paths: Sequence[Path], opts: PdfSetOptions, workers: int = 1) -> tuple[list[Sample], Tally]:
    """Through worker processes."""
    tally = Tally()
    return list(pdf_samples([str(path) for path in paths], opts, workers, tally)), tally


def lines_of(sample: Sample) -> list[Line]:
    assert sample.page is not None
    return list(sample.page.lines)


def test_lines_words_and_characters_with_boxes_on_their_ink(tmp_path: Path) -> None:
    sample = make_one(write_pdf(tmp_path / "a.pdf", [paragraph()]), options(tmp_path / "set"))
    lines = lines_of(sample)
    assert [line.text for line in lines] == list(SENTENCES) and not any(line.ignore for line in lines)
    assert [[word.text for word in line.words] for line in lines] == [text.split() for text in SENTENCES]
    dark = cv2.cvtColor(sample.load(), cv2.COLOR_RGB2GRAY) < 128
    for word in (word for line in lines for word in line.words):
        assert "".join(char.text for char in word.chars) == word.text
        left, top, right, bottom = bounds(word.polygon)
        for char in word.chars:
            box = [round(value) for value in bounds(char.polygon)]
            ys, xs = np.nonzero(dark[box[1] : box[3], box[0] : box[2]])
            assert len(xs) and xs.min() <= 2 and xs.max() >= box[2] - box[0] - 3
            assert ys.min() <= 2 and ys.max() >= box[3] - box[1] - 3
            assert left <= box[0] + 1 and box[2] <= right + 1
        dark[round(top) : round(bottom) + 1, round(left) - 1 : round(right) + 1] = False
    assert not dark.any()


def test_same_seed_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    files = [write_pdf(tmp_path / f"{name}.pdf", [paragraph(SENTENCES[: n + 1])] * 2) for n, name in enumerate("ab")]
    contents = []
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        opts = options(tmp_path / name, (72, 100, 150), "light", seed)
        samples = [sample for file in files for sample in make(file, opts)]
        assert all(isinstance(sample, Sample) for sample in samples)
        contents.append({s.image.name: (s.image.read_bytes(), s.page) for s in samples if isinstance(s, Sample)})
    streamed, tally = stream(files[::-1], options(tmp_path / "two", (72, 100, 150), "light"), workers=2)
    assert tally.kept == 4 and not tally.dropped and not tally.failures
    contents.append({s.image.name: (s.image.read_bytes(), s.page) for s in streamed})
    assert len(contents[0]) == 4 and contents[0] == contents[1] == contents[3] != contents[2]


TURNS = [(90, "0 1 -1 0 150 20"), (180, "-1 0 0 -1 250 100"), (270, "0 -1 1 0 100 180"), (30, ".866 .5 -.5 .866 60 40")]


@pytest.mark.parametrize(("degrees", "matrix"), TURNS)
def test_turned_text_keeps_its_direction(tmp_path: Path, degrees: int, matrix: str) -> None:
    path = write_pdf(tmp_path / "a.pdf", [f"BT /F1 12 Tf {matrix} Tm (Turned text) Tj ET"])
    sample = make_one(path, options(tmp_path / "set"))
    (line,) = lines_of(sample)
    assert line.text == "Turned text" and not line.ignore
    for polygon in (line.polygon, line.words[0].polygon, line.words[0].chars[0].polygon):
        (ax, ay), (bx, by), _, (dx, dy) = polygon
        assert np.degrees(np.arctan2(ay - by, bx - ax)) % 360 == pytest.approx(degrees, abs=1.0)
        assert (bx - ax) * (dy - ay) - (by - ay) * (dx - ax) > 0  # clockwise on the image
    first, last = (np.mean(char.polygon, axis=0) for char in (line.words[0].chars[0], line.words[1].chars[-1]))
    assert np.degrees(np.arctan2(first[1] - last[1], last[0] - first[0])) % 360 == pytest.approx(degrees, abs=8)


def test_pages_whose_layer_is_not_their_picture_are_dropped(tmp_path: Path) -> None:
    outlined = "\n".join(
        f"{40 + 6 * (i % 30)} {150 - 12 * (i // 30)} m {44 + 6 * (i % 30)} {150 - 12 * (i // 30)} l"
        f" {42 + 6 * (i % 30)} {158 - 12 * (i // 30)} l f"
        for i in range(300)
    )
    contents = {
        "invisible": "3 Tr\n" + paragraph().replace("BT", "BT 3 Tr"),
        "white": paragraph(before="1 g"),
        "under": paragraph() + "\nq 300 0 0 200 0 0 cm /Im Do Q",
        "empty": "",
        "outlined": outlined + "\n" + BODY.format(y=20, text="A caption only"),
    }
    reasons = {
        "invisible": "hidden text or the text layer of a scan",
        "white": "hidden text or the text layer of a scan",
        "under": "hidden text or the text layer of a scan",
        "empty": "no text layer",
        "outlined": "text in pictures",
    }
    for name, content in contents.items():
        assert make(write_pdf(tmp_path / f"{name}.pdf", [content]), options(tmp_path / "set")) == [reasons[name]]


def test_a_picture_beside_the_text_does_no_harm(tmp_path: Path) -> None:
    content = paragraph() + "\nq 80 0 0 40 40 20 cm /Im Do Q"
    sample = make_one(write_pdf(tmp_path / "a.pdf", [content]), options(tmp_path / "set"))
    assert [line.text for line in lines_of(sample) if not line.ignore] == list(SENTENCES)


def test_wrong_encodings_are_dropped_by_the_shape_of_their_letters(tmp_path: Path) -> None:
    shifted = " ".join(f"<{code:02x}> <00{97 + (code - 97 + 5) % 26:02x}>" for code in range(97, 123))
    cmap = (
        "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"26 beginbfchar {shifted} endbfchar endcmap end"
    )
    stream = f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream"
    path = write_pdf(tmp_path / "a.pdf", [paragraph()], "/ToUnicode 7 0 R", [stream])
    assert make(path, options(tmp_path / "set")) == ["letters that do not have the shape of their characters"]
    assert mojibake("Größe, 글자") == 0 and mojibake("GrÃ¶Ã\u009fe") >= 4


def test_unknown_characters_make_their_line_ignored_and_bullets_stand_alone(tmp_path: Path) -> None:
    cmap = "begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n1 beginbfchar <23> <f0b7> endbfchar endcmap"
    stream = f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream"
    content = paragraph((*SENTENCES, "# a bullet before words", "in the mid#dle of a word"))
    path = write_pdf(tmp_path / "a.pdf", [content], "/ToUnicode 7 0 R", [stream])
    sample = make_one(path, options(tmp_path / "set"))
    read = [line.text for line in lines_of(sample) if not line.ignore]
    assert read == [*SENTENCES, "a bullet before words"]
    assert sum(line.ignore for line in lines_of(sample)) == 2


def test_columns_leaders_and_tiny_letters(tmp_path: Path) -> None:
    content = "\n".join(
        (
            "BT /F1 12 Tf 40 160 Td (Left column) Tj ET",
            "BT /F1 12 Tf 180 160 Td (Right column) Tj ET",
            "BT /F1 12 Tf 40 140 Td (Contents . . . . . . . . . 17) Tj ET",
            "BT /F1 3 Tf 40 120 Td (too small to read) Tj ET",
            "BT /F1 12 Tf 40 100 Td (drawn in ) Tj ET BT /F1 12 Tf 89.37 100 Td (pieces) Tj ET",
        )
    )
    sample = make_one(write_pdf(tmp_path / "a.pdf", [content]), options(tmp_path / "set"))
    lines = [line.text for line in lines_of(sample) if not line.ignore]
    assert lines == ["Left column", "Right column", "Contents", "17", "drawn in pieces"]
    assert [line.text for line in lines_of(sample) if line.ignore] == ["too small to read"]


def test_one_bad_file_never_stops_the_others(tmp_path: Path) -> None:
    good = write_pdf(tmp_path / "good.pdf", [paragraph()])
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.4\nnothing")
    text = tmp_path / "note.txt"
    text.write_text("no PDF")
    (tmp_path / "copy.pdf").write_bytes(good.read_bytes())
    inputs = [bad, text, tmp_path / "missing.pdf", good, tmp_path / "copy.pdf"]
    samples, tally = stream(inputs, options(tmp_path / "set"))
    assert len(samples) == 1 and dict(tally.dropped) == {"the same file again": 1}
    assert {(Path(source).name, failure.code) for source, failure in tally.failures} == {
        ("bad.pdf", "damaged"), ("note.txt", "unsupported"), ("missing.pdf", "not_found"),
    }  # fmt: skip


def test_an_item_whose_process_dies_is_a_failure_and_the_rest_is_done() -> None:
    sums = ["1 + 1", "2 + 2", "__import__('os')._exit(11)", "4 + 4", "5 + 5"]
    with ProcessMap(1, 60) as processes:
        results = [result for _, result in processes.run(eval, sums)]
    assert isinstance(results.pop(2), Failure)
    assert results == [2, 4, 8, 10]


def glyph(
    text: str, left: float, order: int, width: float = 6.0, spaced: bool = False, baseline: float = 20.0
) -> Glyph:
    right = left + width
    return Glyph(text, left, baseline - 8, right, baseline, baseline, left, right, 12.0, 0.0, "F", order, spaced)


def test_ligatures_are_split_and_accents_joined() -> None:
    pieces = split_ligatures([glyph("f", 0, 0, 12), glyph("f", 0, 1, 12), glyph("i", 0, 2, 12), glyph("x", 12, 3)])
    assert [piece.text for piece in pieces] == ["f", "f", "i", "x"]
    assert [round(piece.left, 1) for piece in pieces] == [0.0, 4.0, 8.0, 12.0]
    accented = join_marks([glyph("´", 1, 0, 4), glyph("e", 0, 1), glyph("ᄒ", 8, 2), glyph("ᅡ", 11, 3), glyph("ᆫ", 8, 4)])
    assert [item.text for item in accented] == ["é", "한"]
    assert [item.text for item in join_marks([glyph("x", 0, 0), glyph("^", 6, 1)])] == ["x", "^"]


def test_exponents_stay_on_their_line() -> None:
    raised = Glyph("2", 6, 8, 10, 14, 15.0, 6, 10, 7.0, 0.0, "F", 1)
    (run,) = group_runs([glyph("a", 0, 0), raised, glyph("b", 14, 2, spaced=True)])
    assert [["".join(g.text for g in word)] for word in split_words(run.glyphs)] == [["a2"], ["b"]]


def test_a_reader_that_disagrees_drops_the_page(tmp_path: Path) -> None:
    blank_reader = partial(eval, "lambda image: __import__('ocr.document').document.Page(1, 600, 400)")
    opts = PdfSetOptions(tmp_path / "set", (144.0,), 0, "clean", 0, blank_reader, 0.25)
    assert make(write_pdf(tmp_path / "a.pdf", [paragraph()]), opts) == ["the reader reads something else"]


def test_a_reading_is_compared_on_the_labelled_lines() -> None:
    box = from_box(0, 0, 60, 10)
    pages = [Page(1, 80, 40, (Block((Line(text, box),)),)) for text in ("twelve", "twelve", "twxlve")]
    assert disagreement(pages[0], pages[1]) == 0 and disagreement(pages[0], pages[2]) == pytest.approx(1 / 6)


def test_command_writes_a_set_that_can_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_pdf(tmp_path / "in" / "a.pdf", [paragraph(), "", paragraph(SENTENCES[:2])])
    output = tmp_path / "set"
    arguments = ["from-pdf", str(tmp_path / "in"), "-o", str(output), "--dpi", "150", "--strength", "light"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "2 pages kept, 1 dropped" in result.stderr and "1 no text layer" in result.stderr
    samples = load_samples(output, split="train")
    assert [sample.full_text.split("\n") for sample in samples] == [list(SENTENCES), list(SENTENCES[:2])]
    assert all(sample.page and sample.page.lines and next(sample.page.words).chars for sample in samples)
    missing = CliRunner().invoke(app, ["from-pdf", str(tmp_path / "no.pdf"), "-o", str(output)])
    assert isinstance(missing.exception, InputError)


def test_options_are_checked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'light'"):
        options(tmp_path, strength="ligth")
    with pytest.raises(UsageError, match="36 to 1200"):
        options(tmp_path, dpi=(5.0,))
    with pytest.raises(UsageError, match="commas"):
        parse_dpi("100;150")
    assert parse_dpi("100, 150") == (100.0, 150.0)


def test_an_accent_elsewhere_in_the_layer_finds_its_letter(tmp_path: Path) -> None:
    acute = "\\264"
    content = paragraph(("Altalaban minden", "szotagot kulon hangra")) + f"\nBT /F1 12 Tf 43.5 163 Td ({acute}) Tj ET"
    sample = make_one(write_pdf(tmp_path / "a.pdf", [content]), options(tmp_path / "set"))
    assert [line.text for line in lines_of(sample)] == ["Általaban minden", "szotagot kulon hangra"]


def test_pages_of_letters_too_small_to_read_are_dropped(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [paragraph()])
    assert make(path, options(tmp_path / "set", (36.0,))) == ["most of it too small or not certain"]


def test_small_capitals_are_not_trusted() -> None:
    """Their small letters are all of one height, whatever the text says."""
    capitals = [glyph(letter, 6.0 * n, n) for n, letter in enumerate("theknowledgeofbooksandlibraries")]
    assert not any(item.known for item in distrust_misfits(capitals))
    few = [glyph(letter, 6.0 * n, n) for n, letter in enumerate("theknow")]
    assert all(item.known for item in distrust_misfits(few))
