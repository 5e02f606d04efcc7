"""The readers of all label formats, the native writer, and what is refused."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr.data.label_options import LabelOptions
from ocr.data.labels.native_writer import write_native
from ocr.data.labels.text_quad import text_quad
from ocr.data.samples import Sample, load_samples
from ocr.document import Block, Char, Line, Page, Word
from ocr.errors import ExitCode, InputError, UsageError
from ocr.polygon import from_box

BOX = [[10, 10], [90, 10], [90, 30], [10, 30]]
PAGE_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"


def draw(path: Path, size: tuple[int, int] = (200, 100)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, 255).save(path)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def only_page(samples: Sequence[Sample]) -> Page:
    assert len(samples) == 1 and samples[0].page is not None
    return samples[0].page


# Native


def test_native_page_with_words_of_the_page(tmp_path: Path) -> None:
    words = [
        {"text": "world", "polygon": [[55, 12], [88, 12], [88, 28], [55, 28]]},
        {"text": "hello", "polygon": [[12, 12], [50, 12], [50, 28], [12, 28]]},
        {"text": "lost", "polygon": [[150, 80], [190, 80], [190, 95], [150, 95]]},
    ]
    lines = [{"text": "hello world", "polygon": BOX}, {"text": "", "polygon": BOX, "ignore": True}]
    entry = {"image": "a.png", "width": 200, "height": 100, "lines": lines, "words": words, "lang": "en"}
    (sample,) = load_samples(write(tmp_path / "val.jsonl", json.dumps(entry) + "\n"))
    assert sample.lang == "en" and sample.size == (200, 100) and sample.source.endswith("val.jsonl:1")
    assert sample.page is not None and len(sample.page.blocks) == 1
    hello, ignored = sample.page.lines
    assert [word.text for word in hello.words] == ["hello", "world"], "in reading direction"
    assert ignored.ignore and not hello.ignore


def test_native_crop_text_becomes_nfc(tmp_path: Path) -> None:
    text = unicodedata.normalize("NFD", "서울 café")
    manifest = write(tmp_path / "train.jsonl", json.dumps({"image": "a.png", "text": text}))
    (sample,) = load_samples(manifest)
    assert sample.text == "서울 café" and sample.page is None and sample.is_crop


def test_native_page_without_size_takes_it_from_the_image(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    manifest = write(tmp_path / "train.jsonl", json.dumps({"image": "a.png", "lines": [{"text": "a", "polygon": BOX}]}))
    assert load_samples(manifest)[0].size == (200, 100)


def test_native_lines_of_ignored_kinds(tmp_path: Path) -> None:
    lines = [{"text": "a", "polygon": BOX, "kind": kind} for kind in ("print", "Handwritten")]
    entry = {"image": "a.png", "width": 200, "height": 100, "lines": lines}
    manifest = write(tmp_path / "train.jsonl", json.dumps(entry))
    page = only_page(load_samples(manifest, options=LabelOptions(ignore_kinds=frozenset({"handwritten"}))))
    assert [line.ignore for line in page.lines] == [False, True]


def test_native_round_trip_keeps_words_and_characters(tmp_path: Path) -> None:
    chars = (Char("가", from_box(10, 10, 30, 30)), Char("나", from_box(30, 10, 50, 30)))
    line = Line("가나", from_box(10, 10, 50, 30), words=(Word("가나", from_box(10, 10, 50, 30), chars=chars),))
    ignored = Line("", from_box(60, 10, 90, 30), ignore=True)
    page = Page(1, 200, 100, (Block((line, ignored)),))
    inside = Sample(draw(tmp_path / "set" / "images" / "a.png"), page, lang="ko")
    outside = Sample(draw(tmp_path / "elsewhere" / "a.png", (20, 10)), text="줄", kind="line")
    manifest = write_native(iter([inside, outside]), tmp_path / "set", "train")
    first, second = load_samples(manifest)
    assert first.page == page and first.lang == "ko"
    assert second.text == "줄" and second.kind == "line" and second.load().shape == (10, 20, 3)
    assert second.image.name == "a_2.png", "two images of one name both stay"
    assert not list((tmp_path / "set").glob("*.part"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", r"train\.jsonl:2: not JSON"),
        ('{"image": "a.png"}', r":2: KeyError 'text'"),
        ('{"image": "a.png", "text": 3}', ":2: TypeError"),
        (
            '{"image": "a.png", "width": 9, "height": 9, "lines": [{"text": "a", "polygon": [1, 2, 3]}]}',
            ":2: TypeError",
        ),
        (
            '{"image": "a.png", "width": 9, "height": 9, "lines": [{"text": "a", "polygon": [[1, 2, 3]]}]}',
            ":2: ValueError",
        ),
        ("[]", ":2: TypeError"),
    ],
)
def test_native_bad_rows_name_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    manifest = write(tmp_path / "train.jsonl", '{"image": "a.png", "text": "good"}\n' + row + "\n")
    with pytest.raises(InputError, match=message) as caught:
        load_samples(manifest)
    assert caught.value.exit_code == ExitCode.INPUT


# Encodings (RELIABILITY I15)


def test_byte_order_mark_and_crlf_are_accepted(tmp_path: Path) -> None:
    rows = '\ufeff{"image": "a.png", "text": "é"}\r\n{"image": "b.png", "text": "b"}\r\n'
    manifest = tmp_path / "train.jsonl"
    manifest.write_bytes(rows.encode())
    assert [sample.text for sample in load_samples(manifest)] == ["é", "b"]


def test_other_encodings_name_line_and_byte_and_can_be_given(tmp_path: Path) -> None:
    manifest = tmp_path / "train.jsonl"
    manifest.write_bytes('{"image": "a.png", "text": "a"}\n{"image": "b.png", "text": "값"}\n'.encode("cp949"))
    with pytest.raises(InputError, match=r"train\.jsonl:2: byte \d+ .*--encoding"):
        load_samples(manifest)
    assert load_samples(manifest, options=LabelOptions(encoding="cp949"))[1].text == "값"
    with pytest.raises(UsageError, match="unknown encoding"):
        load_samples(manifest, options=LabelOptions(encoding="utf-99"))


def test_nul_is_refused(tmp_path: Path) -> None:
    manifest = write(tmp_path / "train.jsonl", '{"image": "a.png", "text": "a"}\n{"image": "b.png", "text": "\0"}\n')
    with pytest.raises(InputError, match=r"train\.jsonl:2: a NUL"):
        load_samples(manifest)


# Paths (RELIABILITY S4)


@pytest.mark.parametrize(
    "name", ["../a.png", "/etc/a.png", "x/../../a.png", "C:\\a.png", "..\\a.png", "\\\\host\\a.png"]
)
def test_paths_out_of_the_set_are_refused(tmp_path: Path, name: str) -> None:
    manifest = write(tmp_path / "set" / "train.jsonl", json.dumps({"image": name, "text": "a"}))
    with pytest.raises(UsageError, match=r"train\.jsonl:1: .*--allow-outside") as caught:
        load_samples(manifest)
    assert caught.value.exit_code == ExitCode.USAGE
    assert len(load_samples(manifest, options=LabelOptions(allow_outside=True))) == 1


def test_links_out_of_the_set_are_refused(tmp_path: Path) -> None:
    outside = draw(tmp_path / "outside" / "a.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "file.png").symlink_to(outside)
    (tmp_path / "set" / "folder").symlink_to(outside.parent)
    for name in ("file.png", "folder/a.png"):
        manifest = write(tmp_path / "set" / f"{Path(name).stem}.jsonl", json.dumps({"image": name, "text": "a"}))
        with pytest.raises(UsageError, match="link that leaves"):
            load_samples(manifest)
        assert load_samples(manifest, options=LabelOptions(allow_outside=True))[0].load().shape == (100, 200, 3)


# PAGE XML

PAGE_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="{PAGE_NAMESPACE}"><Page imageFilename="IMAGE" imageWidth="200" imageHeight="100">
 <ReadingOrder><OrderedGroup id="g">
  <RegionRefIndexed index="1" regionRef="r1"/><RegionRefIndexed index="0" regionRef="r2"/></OrderedGroup></ReadingOrder>
 <TextRegion id="r1"><Coords points="0,0 200,0 200,40 0,40"/>
  <TextLine id="l1"><Coords points="10,5 50,2 90,5 90,25 50,28 10,25"/><Baseline points="10,22 90,22"/>
   <Word id="w2"><Coords points="55,5 90,5 90,25 55,25"/><TextEquiv><Unicode>two</Unicode></TextEquiv></Word>
   <Word id="w1"><Coords points="10,5 50,5 50,25 10,25"/><TextEquiv><Unicode>one</Unicode></TextEquiv>
    <Glyph><Coords points="10,5 20,5 20,25 10,25"/><TextEquiv><Unicode>o</Unicode></TextEquiv></Glyph></Word>
   <TextEquiv index="1"><Unicode>worse</Unicode></TextEquiv><TextEquiv index="0"><Unicode>one two</Unicode></TextEquiv>
  </TextLine>
  <TextLine id="l2"><Coords points="10,30 90,30 90,39 10,39"/></TextLine></TextRegion>
 <TextRegion id="r2"><Coords points="0,50 200,50 200,90 0,90"/>
  <TextLine id="l3"><Coords points="10,55 90,55 90,75 10,75"/><TextEquiv><Unicode>first</Unicode></TextEquiv></TextLine>
 </TextRegion>
</Page></PcGts>"""


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


# ICDAR


def test_icdar_quadrilaterals(tmp_path: Path) -> None:
    draw(tmp_path / "img_1.jpg")
    rows = "\ufeff10,10,90,12,90,32,10,30,Total, 12.50\r\n10,40,90,40,90,60,10,60,###\r\n"
    write(tmp_path / "gt_img_1.txt", rows)
    write(tmp_path / "readme.txt", "not labels")
    total, ignored = only_page(load_samples(tmp_path)).lines
    assert total.text == "Total, 12.50" and total.polygon == ((10, 10), (90, 12), (90, 32), (10, 30))
    assert ignored.ignore and ignored.text == ""


def test_icdar_boxes_scripts_and_images_in_a_folder_beside(tmp_path: Path) -> None:
    image = draw(tmp_path / "images" / "b.png")
    write(tmp_path / "boxes" / "b.txt", '10 10 90 30 "Hello"\n')
    write(tmp_path / "mlt" / "gt_b.txt", "10,10,90,10,90,30,10,30,Korean,안녕, 서울\n")
    (sample,) = load_samples(tmp_path / "boxes")
    assert sample.image.resolve() == image and only_page([sample]).text == "Hello"
    assert only_page(load_samples(tmp_path / "mlt")).text == "안녕, 서울"


def test_icdar_bad_rows_name_file_and_line(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    write(tmp_path / "a.txt", "10,10,90,12,90,32,10,30,good\nbad row\n")
    with pytest.raises(InputError, match=r"a\.txt:2: 'bad row' is not 8"):
        load_samples(tmp_path)


# FUNSD


def test_funsd_entities_become_lines(tmp_path: Path) -> None:
    draw(tmp_path / "images" / "f.png")
    words = [
        {"text": "second", "box": [10, 40, 60, 50]},
        {"text": "line", "box": [65, 41, 90, 51]},
        {"text": "third", "box": [10, 60, 60, 70]},
        {"text": "", "box": [0, 0, 1, 1]},
    ]
    form = [
        {"text": "second line third", "box": [10, 40, 90, 70], "words": words, "label": "answer"},
        {"text": "title", "box": [10, 10, 50, 20], "words": [{"text": "title", "box": [10, 10, 50, 20]}]},
        {"text": "", "box": [100, 80, 120, 90], "words": [], "label": "other"},
    ]
    write(tmp_path / "annotations" / "f.json", json.dumps({"form": form}))
    lines = list(only_page(load_samples(tmp_path)).lines)
    assert [line.text for line in lines] == ["title", "second line", "third", ""]
    assert lines[1].polygon == from_box(10, 40, 90, 51) and len(lines[1].words) == 2
    assert lines[3].ignore


# Hugging Face imagefolder


def test_imagefolder_text_and_donut_ground_truth(tmp_path: Path) -> None:
    donut = json.dumps({"gt_parse": {"text_sequence": "가 나"}})
    rows = [
        {"file_name": "a.png", "text": "{braces}"},
        {"file_name": "b.png", "ground_truth": donut},
        {"file_name": "c.png", "ground_truth": "plain"},
    ]
    write(tmp_path / "train" / "metadata.jsonl", "\n".join(json.dumps(row) for row in rows))
    assert [sample.text for sample in load_samples(tmp_path, split="train")] == ["{braces}", "가 나", "plain"]


def test_imagefolder_without_text_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "metadata.jsonl", json.dumps({"file_name": "a.png", "ground_truth": '{"gt_parse": {"total": 3}}'}))
    with pytest.raises(InputError, match=r"metadata\.jsonl:1: .*text_sequence"):
        load_samples(tmp_path)


@pytest.mark.parametrize("suffix", [".txt", ".json", ".xml", ".jsonl"])
def test_fuzzed_label_files_raise_only_our_errors(tmp_path: Path, suffix: str) -> None:
    seeds = [
        b'{"image": "a.png", "text": "a"}\n',
        PAGE_XML.encode(),
        b"1,2,3,4,5,6,7,8,a\n",
        b'{"form": [{"words": []}]}',
    ]
    random = np.random.default_rng(0)
    for round_number in range(150):
        data = bytearray(seeds[round_number % len(seeds)])
        for position in random.integers(0, len(data), 5):
            data[position] = random.integers(0, 256)
        path = tmp_path / f"f{suffix}"
        path.write_bytes(bytes(data[: random.integers(1, len(data) + 1)]))
        with contextlib.suppress(InputError, UsageError):
            load_samples(path)
