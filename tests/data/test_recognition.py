"""Fonts, text, line crops and batches that the recognizer is trained on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
matplotlib = pytest.importorskip("matplotlib", reason="the training extra is not installed; its fonts are drawn with")
fontbuilder = pytest.importorskip("fontTools.fontBuilder", reason="the training extra is not installed")

from fontTools.pens.ttGlyphPen import TTGlyphPen  # noqa: E402

from ocr.data.line_padding import WIDTH_STEP  # noqa: E402
from ocr.data.recognition import (  # noqa: E402
    LabelledCrops,
    LineBatchConfig,
    LineBatches,
    RenderedCrops,
    collate_lines,
    frames_needed,
)
from ocr.data.series import Share  # noqa: E402
from ocr.data.synthetic.crops import CropStyle, render_crop  # noqa: E402
from ocr.data.synthetic.fonts import FontLibrary  # noqa: E402
from ocr.data.synthetic.lines import LineStyle, render_line  # noqa: E402
from ocr.data.synthetic.sheet import Pen  # noqa: E402
from ocr.data.synthetic.text import SYLLABLES, TextMix, TextSampler, syllable_words  # noqa: E402
from ocr.errors import UsageError  # noqa: E402

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
SENTENCES = [f"The {i}. line of a small corpus, with ordinary words in it." for i in range(400)]


@pytest.fixture(scope="module")
def fonts() -> FontLibrary:
    return FontLibrary([DEJAVU / "DejaVuSans.ttf", DEJAVU / "DejaVuSerif.ttf"])


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    (folder / "en").mkdir()
    (folder / "en" / "sentences.txt").write_text("\n".join(SENTENCES), encoding="utf-8")
    return folder


def test_a_character_without_outline_is_not_drawn(tmp_path: Path) -> None:
    """A font that claims two letters and draws one, as several Korean fonts do with their syllables."""
    builder = fontbuilder.FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "A", "B"])
    builder.setupCharacterMap({65: "A", 66: "B"})
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 700), (500, 700), (500, 0)):
        pen.lineTo(point)
    pen.closePath()
    empty = TTGlyphPen(None).glyph()
    builder.setupGlyf({".notdef": empty, "A": pen.glyph(), "B": empty})
    builder.setupHorizontalMetrics({name: (600, 0) for name in (".notdef", "A", "B")})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Half", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "half.ttf")
    (face,) = FontLibrary([tmp_path]).faces
    assert face.characters == {65, 66}
    assert face.draws("A") and not face.draws("B") and not face.draws("AB")


def test_evaluation_fonts_are_left_out(tmp_path: Path) -> None:
    for folder in ("karla", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.ttf").write_bytes((DEJAVU / "DejaVuSans.ttf").read_bytes())
    assert [face.path.parent.name for face in FontLibrary([tmp_path]).faces] == ["other"]


def test_a_folder_without_fonts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no usable font"):
        FontLibrary([tmp_path])


def test_character_boxes_hold_the_ink(fonts: FontLibrary) -> None:
    line = render_line(fonts.faces[0], "Hg ÉÅ.", 40, LineStyle(tracking=0.2), np.random.default_rng(0))
    rest = line.mask.copy()
    for character, (left, top, right, bottom) in zip(line.text, line.boxes.astype(int), strict=True):
        if character != " ":
            window = line.mask[top:bottom, left:right]
            assert window[[0, -1]].any(axis=1).all() and window[:, [0, -1]].any(axis=0).all(), character
            rest[top:bottom, left:right] = 0
    assert not rest.any()


def test_a_stretched_line_is_as_much_wider_as_its_boxes(fonts: FontLibrary) -> None:
    plain, wide = (
        render_line(fonts.faces[0], "Hamlet", 40, LineStyle(stretch=stretch), np.random.default_rng(0))
        for stretch in (1.0, 1.8)
    )
    assert wide.mask.shape == (plain.mask.shape[0], round(1.8 * plain.mask.shape[1]))
    np.testing.assert_allclose(wide.boxes[:, ::2], plain.boxes[:, ::2] * 1.8, atol=0.5)
    np.testing.assert_array_equal(wide.boxes[:, 1::2], plain.boxes[:, 1::2])
    for left, _, right, _ in np.rint(wide.boxes).astype(int):
        assert (wide.mask[:, left:right] > 64).any(axis=0).mean() > 0.8
    pen = Pen(fonts.faces[0], 40, style=LineStyle(stretch=1.8))
    assert pen.width("Hamlet") == pytest.approx(1.8 * Pen(fonts.faces[0], 40).width("Hamlet"))


def test_held_out_text_is_never_trained_on(corpora: Path) -> None:
    trained = {line for file in TextSampler([corpora]).corpora["en"] for line in file}
    held_out = {line for file in TextSampler([corpora], held_out=True).corpora["en"] for line in file}
    assert held_out and not trained & held_out and trained | held_out == set(SENTENCES)


def test_a_language_named_with_no_share_is_not_among_the_others(tmp_path: Path) -> None:
    for name in ("de", "en", "ko"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lines.txt").write_text("\n".join(SENTENCES[:9]), encoding="utf-8")
    texts = TextSampler([tmp_path], TextMix(languages={"en": 0.5, "ko": 0.0, "other": 0.5}))
    rng = np.random.default_rng(0)
    assert {texts.language(rng) for _ in range(200)} == {"en", "de"}


def test_random_words_reach_rare_syllables() -> None:
    rng = np.random.default_rng(0)
    seen = {c for _ in range(3000) for c in syllable_words(rng, 40) if "가" <= c <= "힣"}
    assert len(seen) > 0.95 * SYLLABLES


def test_same_seed_same_crops(fonts: FontLibrary, corpora: Path) -> None:
    texts = TextSampler([corpora])
    first, second = (
        [render_crop(np.random.default_rng(seed), fonts, texts, 32, 640, CropStyle()) for seed in range(5)]
        for _ in "ab"
    )
    assert [text for _, text in first] == [text for _, text in second]
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(first, second, strict=True))
    assert all(image.shape[0] == 32 and image.shape[1] <= 640 for image, _ in first)


def test_crops_of_records(fonts: FontLibrary, corpora: Path) -> None:
    texts = TextSampler([corpora], TextMix(record=1.0))
    drawn = [render_crop(np.random.default_rng(seed), fonts, texts, 32, 640, CropStyle())[1] for seed in range(40)]
    assert sum(any(c.isdecimal() for c in text) for text in drawn) > 20
    assert 4 < sum(text.isupper() for text in drawn) < 30


def test_batches_are_of_one_width_and_one_cost(fonts: FontLibrary, corpora: Path) -> None:
    rendered = RenderedCrops(fonts, TextSampler([corpora]), 32, 512, CropStyle(strength=0.2))
    config = LineBatchConfig(pixels=1024, max_width=512)
    for batch in islice(LineBatches(rendered, None, lambda text: [1 + ord(c) % 90 for c in text], config, 0), 6):
        lines, _, height, width = batch["images"].shape
        assert height == 32 and width % WIDTH_STEP == 0 and 1024 <= lines * width < 1024 + width
        assert batch["targets"].shape == (lines, int(batch["target_lengths"].max()))
        assert (batch["widths"] * 4 <= width + 3).all()


def test_batches_go_on_where_they_stood(fonts: FontLibrary, corpora: Path) -> None:
    rendered = RenderedCrops(fonts, TextSampler([corpora]), 32, 512, CropStyle(strength=0.2))
    config = LineBatchConfig(pixels=1024, max_width=512)

    def batches(share: Share) -> Iterator[dict[str, Any]]:
        return iter(LineBatches(rendered, None, lambda text: [1 + ord(c) % 90 for c in text], config, 0, share))

    unbroken = list(islice(batches(Share()), 6))
    position = unbroken[2]["position"]
    assert len(position) > 3, "no crop waits for its batch: nothing is tested"
    resumed = islice(batches(Share(3, positions={"recognizer.0": position})), 3)
    for one, two in zip(unbroken[3:], resumed, strict=True):
        assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())


def test_text_that_cannot_be_written_is_skipped() -> None:
    labelled = LabelledCrops([(np.full((32, 100), 255, np.uint8), text) for text in ("good", "bad")], 200)

    def encode(text: str) -> list[int]:
        return {"good": [1, 2]}[text]

    config = LineBatchConfig(pixels=512, max_width=200, real_share=1.0)
    batch = next(iter(LineBatches(None, labelled, encode, config, 0)))
    assert {tuple(row) for row in batch["targets"].tolist()} == {(1, 2)}


def test_ctc_needs_a_blank_between_equal_neighbours() -> None:
    assert frames_needed([1, 2, 3]) == 3
    assert frames_needed([1, 1, 2, 2]) == 6


def test_lines_are_padded_with_their_paper() -> None:
    batch = collate_lines([(np.full((32, 40), 200, np.uint8), [1])], 64)
    assert batch["images"].shape == (1, 1, 32, 64) and (batch["images"] == 200).all()
