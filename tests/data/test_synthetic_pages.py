"""Rendered pages: labels lie on their ink through every change of geometry, seeds repeat, blank pages have no text.

Fonts are those that matplotlib carries (DejaVu), so no font package is needed; Hangul is tested where a font has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("fontTools")

from ocr import polygon  # noqa: E402
from ocr.data.synthetic import geometry  # noqa: E402
from ocr.data.synthetic.degrade import PROFILES  # noqa: E402
from ocr.data.synthetic.fonts import FontLibrary  # noqa: E402
from ocr.data.synthetic.geometry import Warp  # noqa: E402
from ocr.data.synthetic.layouts.catalogue import LAYOUTS  # noqa: E402
from ocr.data.synthetic.layouts.needles import print_in_dots  # noqa: E402
from ocr.data.synthetic.pages import PageOptions, render_page  # noqa: E402
from ocr.data.synthetic.sheet import Pen, Sheet  # noqa: E402
from ocr.data.synthetic.text import TextSampler  # noqa: E402
from ocr.data.synthetic.typesetting import Measure, break_lines, set_paragraph, split_word  # noqa: E402
from ocr.document import Page  # noqa: E402
from ocr.errors import UsageError  # noqa: E402

SENTENCES = (
    "The committee met on Tuesday to consider the report of the secretary.",
    "Payment of 1,250.00 is due within thirty days; interest at 4% follows.",
    "He said (quietly) that nothing had changed since 1938 -- nothing at all.",
    "Überall grüßen freundliche Menschen, überall wächst das Gras am Fluß.",
)
CLEAN = PROFILES["clean"]


@pytest.fixture(scope="module")
def fonts() -> FontLibrary:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return FontLibrary([folder / name for name in ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf")])


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> TextSampler:
    folder = tmp_path_factory.mktemp("corpora")
    for language in ("en", "de"):
        (folder / language).mkdir()
        (folder / language / "lines.txt").write_text("\n".join(SENTENCES * 3), encoding="utf-8")
    return TextSampler([folder])


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _ink(image: NDArray[Any]) -> NDArray[Any]:
    """Where the image is dark, as 0 and 255."""
    return np.where(image.min(axis=2) < 128, 255, 0).astype(np.uint8)


def _share_inside(ink: NDArray[Any], polygons: list[polygon.Polygon], margin: int = 1) -> float:
    """Share of ink pixels that lie in one of the polygons, grown by a pixel for antialiasing."""
    mask = np.zeros_like(ink)
    for points in polygons:
        cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255)
    mask = cv2.dilate(mask, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8))
    return float((ink & mask).sum() / max(1, ink.sum()))


@pytest.mark.parametrize("name", LAYOUTS)
def test_labels_are_consistent(name: str, fonts: FontLibrary, texts: TextSampler) -> None:
    image, page = render_page(_rng(3), fonts, texts, PageOptions(layout=name))
    assert image.dtype == np.uint8 and image.shape == (page.height, page.width, 3)
    for line in page.lines:
        assert line.text == " ".join(word.text for word in line.words)
        assert polygon.area(line.polygon) > 0
        left, top, right, bottom = polygon.bounds(line.polygon)
        assert left >= 0 and top >= 0 and right <= page.width and bottom <= page.height
        for word in line.words:
            assert word.text == "".join(char.text for char in word.chars)
            assert " " not in word.text


@pytest.mark.parametrize("name", LAYOUTS)
def test_same_seed_same_bytes(name: str, fonts: FontLibrary, texts: TextSampler) -> None:
    pytest.importorskip("albumentations")
    options = PageOptions(layout=name, degradation=PROFILES["strong"], rotation=8, warp=1, size=(400, 500))
    first, page = render_page(_rng(11), fonts, texts, options)
    second, again = render_page(_rng(11), fonts, texts, options)
    assert (first == second).all() and page == again


def test_receipts_have_lone_quantities_and_colons(fonts: FontLibrary, texts: TextSampler) -> None:
    options = PageOptions(layout="receipt", degradation=PROFILES["clean"], characters=False)
    lines = [line for seed in range(12) for line in render_page(_rng(seed), fonts, texts, options)[1].lines]
    assert {":", "1"} <= {line.text for line in lines}


def test_blank_pages_have_no_text(fonts: FontLibrary, texts: TextSampler) -> None:
    for seed in range(6):
        _, page = render_page(_rng(seed), fonts, texts, PageOptions(layout="blank", size=(300, 400)))
        assert page.text == "" and not list(page.lines)


@pytest.mark.parametrize("rotation", [0.0, 180.0])
def test_characters_hold_the_ink(rotation: float, fonts: FontLibrary, texts: TextSampler) -> None:
    """A page of nothing but text: all its ink lies in character boxes, at any angle, and no box is empty."""
    sheet = Sheet(700, 400, _rng(0))
    pen = Pen(fonts.latin[0][0], 24)
    set_paragraph(sheet, pen, " ".join(SENTENCES).split(), Measure(40, 620, 380), 50)
    angle = rotation * 0.37
    warp = geometry.rotation(700, 400, angle) if rotation else geometry.identity(700, 400)
    image = cv2.cvtColor(warp.image(sheet.image), cv2.COLOR_GRAY2RGB)
    page = _page_of(sheet, warp)
    ink = _ink(image)
    assert _share_inside(ink, [char.polygon for word in page.words for char in word.chars]) > 0.995
    assert _share_inside(ink, [line.polygon for line in page.lines]) > 0.99
    assert _share_inside(ink, [word.polygon for word in page.words]) > 0.99
    for word in page.words:
        for char in word.chars:
            mask = np.zeros_like(ink)
            cv2.fillPoly(mask, [np.round(char.polygon).astype(np.int32)], 255)
            assert (ink & mask).any(), char


def _page_of(sheet: Sheet, warp: Warp) -> Page:
    from ocr.data.synthetic import pages

    return Page(1, *warp.size, pages.blocks_of(sheet.lines, warp, True))


WARPS = {
    "rotated": geometry.rotation(300, 200, 33),
    "scaled": geometry.rotation(300, 200, -7, 1.7),
    "upside down": geometry.rotation(300, 200, 180),
    "perspective": geometry.perspective(300, 200, np.array([[20, 10], [290, 0], [270, 190], [5, 200]], np.float64)),
    "waves": Warp(np.eye(3), (300, 200), (geometry.Wave((3, 5), (0.03, 0.02), 0.4),)),
    "curl": Warp(np.eye(3), (300, 200), (geometry.Curl(0, 12, 60),)),
    "all": Warp(geometry.rotation(300, 200, 12).matrix, (330, 250), (geometry.Wave((2, 4), (0.02, 0.03), 1.0),)),
}


@pytest.mark.parametrize("name", WARPS)
def test_a_marker_moves_with_its_point(name: str) -> None:
    warp = WARPS[name]
    for x, y in ((60, 50), (150, 100), (230, 160), (90, 140)):
        sheet = np.full((200, 300), 255, np.uint8)
        sheet[y - 3 : y + 3, x - 3 : x + 3] = 0  # the square's centre is (x, y) in polygon coordinates
        moved = 255.0 - warp.image(sheet)
        rows, columns = np.mgrid[: moved.shape[0], : moved.shape[1]] + 0.5
        found = np.array([(columns * moved).sum(), (rows * moved).sum()]) / moved.sum()
        assert np.abs(found - warp.points(np.array([[x, y]], np.float64))[0]).max() < 0.35


def test_identity_leaves_pixels_and_points() -> None:
    warp = geometry.identity(30, 20)
    image = _rng(0).integers(0, 256, (20, 30), np.uint8)
    assert warp.identity and (warp.image(image) == image).all()
    assert warp.points(np.array([[3.5, 4.0]])).tolist() == [[3.5, 4.0]]


def test_drawn_warps_stay_on_the_image() -> None:
    for seed in range(20):
        warp = geometry.draw_perspective(_rng(seed), 400, 600, 1.0)
        corners = warp.points(np.array([[0, 0], [400, 0], [400, 600], [0, 600]], np.float64))
        assert corners.min() >= -1e-6 and (corners <= np.array([400, 600]) + 1e-6).all()
        bent = Warp(np.eye(3), (400, 600), geometry.draw_bends(_rng(seed), 400, 600, 1.0))
        moved = bent.points(np.array([[200, 300], [210, 300]], np.float64))
        assert moved[1, 0] > moved[0, 0], "the page folded over itself"


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_turned_text_has_its_boxes(turns: int, fonts: FontLibrary) -> None:
    sheet = Sheet(300, 300, _rng(0))
    line = sheet.write(Pen(fonts.latin[0][0], 28), "Ag7, xy", 150, 150, "centre", quarter_turns=turns)
    assert line is not None
    ink = 255 - sheet.image
    for char, quad in zip(line.text, line.chars, strict=True):
        if char != " ":
            left, top, right, bottom = (round(v) for v in polygon.bounds(quad))
            inside = ink[top:bottom, left:right]
            assert inside.any(), char
            # FreeType's boxes may be a pixel loose
            edges = inside[:2], inside[-2:], inside[:, :2], inside[:, -2:]
            assert all(edge.any() for edge in edges), char


def test_text_that_would_leave_the_sheet_is_not_set(fonts: FontLibrary) -> None:
    sheet = Sheet(100, 60, _rng(0))
    pen = Pen(fonts.latin[0][0], 24)
    assert sheet.write(pen, "far too long for this", 10, 40) is None
    assert sheet.write(pen, "ok", 10, 5) is None
    assert not sheet.lines and (sheet.image == 255).all()


def test_struck_out_words_are_not_labelled(fonts: FontLibrary) -> None:
    sheet = Sheet(500, 80, _rng(0))
    line = sheet.write(Pen(fonts.latin[0][0], 24), "one two three", 20, 40, struck=frozenset({1}))
    assert line is not None
    assert line.text == "one three" and len(line.words) == 2 and len(line.chars) == len("one three")


def test_pen_width_is_that_of_the_set_line(fonts: FontLibrary) -> None:
    pen = Pen(fonts.latin[0][0], 40)
    sheet = Sheet(900, 100, _rng(0))
    line = sheet.write(pen, "mixture of words", 10, 60)
    assert line is not None
    assert abs(np.ptp(line.outline[:, 0]) - pen.width("mixture of words")) < 0.2 * pen.size


def test_lines_keep_to_the_measure(fonts: FontLibrary) -> None:
    pen = Pen(fonts.latin[0][0], 20)
    words = " ".join(SENTENCES).split()
    measure = Measure(0, 260, 9999, hyphenate=True)
    lines = break_lines(words, pen, measure, _rng(1))
    assert all(pen.width(" ".join(line)) <= 260 for line in lines)
    assert "".join("".join(line) for line in lines).replace("-", "") == "".join(words).replace("-", "")


def test_split_word_leaves_three_letters_a_side(fonts: FontLibrary) -> None:
    pen = Pen(fonts.latin[0][0], 20)
    head, tail = split_word("consideration", pen, pen.width("consider-"), _rng(0))
    assert head.endswith("-") and head[:-1] + tail == "consideration" and min(len(head) - 1, len(tail)) >= 3
    assert split_word("word", pen, 10, _rng(0)) == ("", "word")


def test_rotation_turns_pages_any_way(fonts: FontLibrary, texts: TextSampler) -> None:
    options = PageOptions(layout="book", degradation=CLEAN, rotation=180, size=(400, 560))
    angles = set()
    for seed in range(12):
        _, page = render_page(_rng(seed), fonts, texts, options)
        a, b = np.asarray(next(page.lines).polygon[:2])
        angles.add(round(float(np.degrees(np.arctan2(*(b - a)[::-1]))) / 20))
    assert len(angles) > 4


def test_wrong_names_are_usage_errors(fonts: FontLibrary, texts: TextSampler) -> None:
    with pytest.raises(UsageError, match="did you mean 'receipt'"):
        render_page(_rng(0), fonts, texts, PageOptions(layout="reciept"))
    with pytest.raises(UsageError, match="'ko'"):
        render_page(_rng(0), fonts, texts, PageOptions(language="ko"))
    with pytest.raises(UsageError, match="no folder of texts nowhere: give one"):
        TextSampler([Path("nowhere")])
    with pytest.raises(UsageError, match="no folder of fonts nowhere: give one"):
        FontLibrary([Path("nowhere")])


def test_korean_pages_have_hangul(tmp_path: Path) -> None:
    folder = Path("/usr/share/fonts/truetype/nanum")
    if not folder.is_dir():
        pytest.skip("no Korean font: install fonts-nanum")
    (tmp_path / "ko").mkdir()
    (tmp_path / "ko" / "lines.txt").write_text(
        "위원회는 화요일에 보고서를 검토하였다. 금액은 1,200원입니다.", encoding="utf-8"
    )
    options = PageOptions(layout="article", degradation=CLEAN, size=(500, 700))
    _, page = render_page(_rng(0), FontLibrary([folder]), TextSampler([tmp_path]), options)
    assert any("가" <= char.text <= "힣" for word in page.words for char in word.chars)


@pytest.mark.parametrize("kind", ["pages", "lines"])
def test_synth_writes_a_native_set(kind: str, fonts: FontLibrary, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from ocr.commands.data import app
    from ocr.data.samples import load_samples

    (tmp_path / "texts" / "en").mkdir(parents=True)
    (tmp_path / "texts" / "en" / "lines.txt").write_text("\n".join(SENTENCES), encoding="utf-8")
    for output in ("first", "second"):
        arguments = ["synth", "--kind", kind, "--count", "3", "--output", str(tmp_path / output), "--seed", "5"]
        arguments += ["--fonts", str(fonts.faces[0].path), "--corpora", str(tmp_path / "texts"), "--strength", "light"]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.exception
    samples = load_samples(tmp_path / "first", split="train")
    assert len(samples) == 3 and all(sample.load().shape[2] == 3 for sample in samples)
    assert all(sample.is_crop == (kind == "lines") for sample in samples)
    for sample in samples:
        assert sample.image.read_bytes() == (tmp_path / "second" / "images" / sample.image.name).read_bytes()


def test_synth_suggests_a_strength(fonts: FontLibrary, tmp_path: Path) -> None:
    from ocr.data.synthetic.sets import SetOptions, render_set

    folders = (fonts.faces[0].path,), (tmp_path,)
    options = SetOptions(tmp_path, *folders, "pages", 1, 0, "train", "stong", "any", None, 0.0, False)
    with pytest.raises(UsageError, match="did you mean 'strong'"):
        next(render_set(options))


def test_needle_printers_leave_light_between_their_dots(fonts: FontLibrary) -> None:
    sheet = Sheet(400, 120, np.random.default_rng(0))
    sheet.write(Pen(fonts.faces[0], 60), "HIT", 20, 80)
    solid = sheet.image.copy()
    print_in_dots(sheet)
    stroke = solid == 0
    assert sheet.image[stroke].std() > 25 > solid[stroke].std()
    assert (sheet.image[solid == 255] > 200).mean() > 0.9
    blank = Sheet(40, 40, np.random.default_rng(0))
    print_in_dots(blank)
    assert (blank.image == 255).all()
