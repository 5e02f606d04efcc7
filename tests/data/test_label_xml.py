"""PAGE XML and ALTO as labels, and the outlines of their lines as quadrilaterals along the text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ocr.data.label_options import LabelOptions
from ocr.data.labels.text_quad import text_quad
from ocr.data.samples import load_samples
from ocr.errors import InputError, UsageError
from ocr.polygon import from_box
from tests.data.label_files import PAGE_XML, draw, only_page, write


def test_page_xml(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    write(tmp_path / "a.xml", PAGE_XML.replace("IMAGE", "a.png"))
    first, second, empty = only_page(load_samples(tmp_path)).lines
    assert (first.text, second.text) == ("first", "one two"), "reading order, lowest index"
    assert empty.ignore, "a line without transcription"
    assert [word.text for word in second.words] == ["one", "two"] and second.words[0].chars[0].text == "o"
    assert second.polygon == from_box(10, 2, 90, 28), "the outline as a rectangle along the baseline"
    assert first.polygon == from_box(10, 55, 90, 75), "a quadrilateral is kept"


def test_page_xml_of_transkribus_has_its_images_one_folder_up(tmp_path: Path) -> None:
    image = draw(tmp_path / "a.png")
    write(tmp_path / "page" / "a.xml", PAGE_XML.replace("IMAGE", "a.png"))
    write(tmp_path / "mets.xml", "<mets/>")
    assert load_samples(tmp_path)[0].image == image


def test_page_xml_of_ocrd_names_images_from_the_folder_above(tmp_path: Path) -> None:
    image = draw(tmp_path / "OCR-D-IMG" / "INPUT_0020.png")
    write(tmp_path / "OCR-D-GT-PAGE" / "PAGE_0020.xml", PAGE_XML.replace("IMAGE", "OCR-D-IMG/INPUT_0020.png"))
    assert load_samples(tmp_path / "OCR-D-GT-PAGE")[0].image == image


def test_page_xml_before_2013_has_point_elements(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    points = '<Point x="10" y="5"/><Point x="90" y="5"/><Point x="90" y="25"/><Point x="10" y="25"/>'
    line = f"<TextLine><Coords>{points}</Coords><TextEquiv><Unicode>old</Unicode></TextEquiv></TextLine>"
    region = f"<TextRegion>{line}</TextRegion>"
    text = f'<PcGts><Page imageFilename="a.png" imageWidth="0" imageHeight="0">{region}</Page></PcGts>'
    page = only_page(load_samples(write(tmp_path / "a.xml", text)))
    assert next(page.lines).polygon == from_box(10, 5, 90, 25)
    assert (page.width, page.height) == (200, 100), "from the image"


def test_page_xml_never_follows_paths_of_other_machines(tmp_path: Path) -> None:
    xml = write(tmp_path / "set" / "a.xml", PAGE_XML.replace("IMAGE", "/home/someone/scan.tif"))
    with pytest.raises(UsageError, match="absolute"):
        load_samples(xml)
    image = draw(tmp_path / "set" / "a.png")
    assert load_samples(xml)[0].image == image, "the image beside it with the same stem"


@pytest.mark.parametrize("root", ["PcGts", "alto"])
def test_xml_with_a_doctype_is_refused(tmp_path: Path, root: str) -> None:
    bomb = f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><{root}>&b;</{root}>'
    with pytest.raises(InputError, match="DOCTYPE"):
        load_samples(write(tmp_path / "a.xml", bomb))


def test_broken_xml_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.xml:2: not well-formed"):
        load_samples(write(tmp_path / "a.xml", "<PcGts >\n<Page></PcGts>"))


# ALTO


def alto(lines: str, unit: str = "pixel", size: tuple[int, int] = (200, 100), version: str = "ns-v4#") -> str:
    return f"""<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/{version}">
<Description><MeasurementUnit>{unit}</MeasurementUnit>
<sourceImageInformation><fileName>a.png</fileName></sourceImageInformation></Description>
<Tags><OtherTag ID="LT1" LABEL="DefaultLine:Handwritten"/></Tags>
<Layout><Page WIDTH="{size[0]}" HEIGHT="{size[1]}"><PrintSpace><ComposedBlock><TextBlock LANG="fr">{lines}
</TextBlock></ComposedBlock></PrintSpace></Page></Layout></alto>"""


BOXED = 'HPOS="10" VPOS="10" WIDTH="80" HEIGHT="20"'


def test_alto_strings_spaces_and_hyphens(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    first = (
        f'<TextLine {BOXED}><String CONTENT="le" HPOS="10" VPOS="10" WIDTH="20" HEIGHT="20">'
        '<Glyph CONTENT="l" HPOS="10" VPOS="10" WIDTH="10" HEIGHT="20"/></String><SP/>'
        '<String CONTENT="tra" SUBS_TYPE="HypPart1" SUBS_CONTENT="travail"/><HYP CONTENT="&#173;"/></TextLine>'
    )
    second = f'<TextLine {BOXED}><String CONTENT="vail"/><String CONTENT="dur-"/><HYP CONTENT="-"/></TextLine>'
    third = f'<TextLine {BOXED} TAGREFS="LT1"><String CONTENT="whole line" {BOXED}/></TextLine>'
    xml = write(tmp_path / "a.xml", alto(first + second + third))
    (sample,) = load_samples(xml, options=LabelOptions(ignore_kinds=frozenset({"handwritten"})))
    assert sample.page is not None and sample.lang == "fr"
    lines = list(sample.page.lines)
    assert [line.text for line in lines] == ["le tra-", "vail dur-", "whole line"]
    assert lines[0].words[0].text == "le" and lines[0].words[0].chars[0].text == "l"
    assert lines[2].ignore and not lines[2].words, "a String that holds a line is no word"
    assert lines[0].polygon == from_box(10, 10, 90, 30)


def test_alto_mask_and_baseline(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    down = (
        '<TextLine BASELINE="50 10 50 90"><Shape><Polygon POINTS="40 90 40 10 60 10 60 90 50 95"/></Shape>'
        '<String CONTENT="down"/></TextLine>'
    )
    old = f'<TextLine {BOXED} BASELINE="28"><String CONTENT="level"/></TextLine>'
    lines = list(only_page(load_samples(write(tmp_path / "a.xml", alto(down + old)))).lines)
    assert lines[0].polygon == ((60, 10), (60, 95), (40, 95), (40, 10)), "first side along the text, which runs down"
    assert lines[1].polygon == from_box(10, 10, 90, 30)


def test_alto_in_tenths_of_millimetres_is_scaled_to_the_image(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    line = f'<TextLine {BOXED}><String CONTENT="a"/></TextLine>'
    page = only_page(load_samples(write(tmp_path / "a.xml", alto(line, "mm10", (100, 50), "ns-v2#"))))
    assert (page.width, page.height) == (200, 100)
    assert next(page.lines).polygon == from_box(20, 20, 180, 60)


# Outlines


def test_text_quad_starts_at_the_top_left_of_the_text() -> None:
    box = np.array(from_box(10, 10, 90, 30))
    assert text_quad(box) == from_box(10, 10, 90, 30)
    assert text_quad(box[::-1]) == from_box(10, 10, 90, 30), "counter-clockwise"
    assert text_quad(np.roll(box, 1, axis=0), [[10, 28], [90, 28]]) == from_box(10, 10, 90, 30), "wrong start"
    assert text_quad(box, [[90, 12], [10, 12]]) == ((90, 30), (10, 30), (10, 10), (90, 10)), "upside down"
    assert text_quad(np.roll(box, 2, axis=0)) == from_box(10, 10, 90, 30), "starts at the bottom right"
    from_bottom_right = ((90, 30), (10, 30), (10, 10), (90, 10))
    assert text_quad(from_bottom_right, starts_at_text=True) == from_bottom_right, "the format says so"
    slanted = ((12, 10), (90, 14), (88, 34), (10, 30))
    assert text_quad(slanted) == slanted
    assert text_quad(slanted, [[12, 28], [88, 32]]) == slanted
    crossed = ((10, 10), (90, 30), (90, 10), (10, 30))
    assert text_quad(crossed) == from_box(10, 10, 90, 30), "a rectangle around what is no quadrilateral"
    with pytest.raises(ValueError, match="at least 2"):
        text_quad([[1, 1]])


def test_text_quad_follows_a_tilted_mask_without_baseline() -> None:
    angle = np.radians(10)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mask = np.array([[0, 0], [100, 0], [200, 0], [200, 20], [100, 20], [0, 20]]) @ turn.T
    corners = np.array([[0, 0], [200, 0], [200, 20], [0, 20]]) @ turn.T
    assert np.allclose(text_quad(mask), corners, atol=0.5)
