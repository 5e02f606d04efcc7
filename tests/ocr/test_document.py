"""The result tree: text, failure, and the JSON of DESIGN section 9 there and back."""

from __future__ import annotations

import json

import pytest

from ocr.document import Block, Char, Document, Line, Page, Word, document_from_dict, document_to_dict
from ocr.errors import ExitCode, Failure, InputError, MissingExtraError, OcrError
from ocr.polygon import from_box

BOX = from_box(0, 0, 10, 5)
WORDS = (Word("Total", BOX, 0.99, (Char("T", BOX, 0.5),)), Word("12.50", BOX, 0.9))
LINE = Line("Total 12.50", BOX, 0.98, WORDS)
PAGE = Page(1, 1240, 1754, (Block((LINE, Line("ignored", BOX, ignore=True))), Block((Line("합계", BOX),))))


def test_text_has_lines_blocks_and_pages_apart() -> None:
    assert PAGE.text == "Total 12.50\nignored\n\n합계"
    assert Document("x", (PAGE, Page(2, 5, 5))).text == f"{PAGE.text}\n\n"
    assert [line.text for line in PAGE.lines] == ["Total 12.50", "ignored", "합계"]
    assert [word.text for word in PAGE.words] == ["Total", "12.50"]


def test_a_block_is_as_large_as_its_lines() -> None:
    block = Block((Line("a", from_box(5, 5, 10, 10)), Line("b", from_box(0, 20, 8, 30))))
    assert block.polygon == from_box(0, 5, 10, 30)


def test_the_json_object_has_the_promised_form() -> None:
    data = json.loads(json.dumps(document_to_dict(Document("scan.png", (PAGE,)))))
    line = data["pages"][0]["blocks"][0]["lines"][0]
    assert data["source"] == "scan.png"
    assert (data["pages"][0]["number"], data["pages"][0]["width"], data["pages"][0]["height"]) == (1, 1240, 1754)
    assert line["polygon"] == [[0, 0], [10, 0], [10, 5], [0, 5]]
    assert line["words"][0] == {"text": "Total", "polygon": line["polygon"], "confidence": 0.99}


@pytest.mark.parametrize(
    "document", [Document("x", (PAGE,)), Document("x"), Document("x", error=Failure("empty", "e"))]
)
def test_json_there_and_back(document: Document) -> None:
    assert document_from_dict(json.loads(json.dumps(document_to_dict(document, chars=True)))) == document


def test_a_failed_page_has_an_error_instead_of_blocks() -> None:
    document = Document("x", (PAGE, Page(2, 0, 0, error=Failure("damaged", "the page is damaged"))))
    entry = document_to_dict(document)["pages"][1]
    assert entry == {
        "number": 2,
        "width": 0,
        "height": 0,
        "error": {"code": "damaged", "message": "the page is damaged"},
    }
    assert document.failed
    assert document_from_dict(document_to_dict(document, chars=True)) == document


def test_missing_confidence_and_words_are_one_and_none() -> None:
    data = {
        "source": "x",
        "pages": [{"number": 1, "width": 9, "height": 9, "blocks": [{"lines": [{"text": "a", "polygon": BOX}]}]}],
    }
    (line,) = document_from_dict(data).pages[0].lines
    assert (line.confidence, line.words, line.ignore) == (1.0, (), False)


def test_errors_carry_their_exit_codes() -> None:
    assert InputError("empty", "the file is empty").failure == Failure("empty", "the file is empty")
    assert InputError("empty", "x").exit_code == ExitCode.INPUT == 3
    assert MissingExtraError("training", "train").exit_code == ExitCode.USAGE
    assert 'pip install "vitocr[train]"' in str(MissingExtraError("training", "train"))
    codes = {error.exit_code for error in OcrError.__subclasses__()}
    assert codes == {2, 3, 4, 5, 6, 7}
