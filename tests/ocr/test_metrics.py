"""The metrics against cases computed by hand."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from ocr.document import Block, Line, Page, Word
from ocr.metrics.calibration import expected_calibration_error
from ocr.metrics.detection import DetectionTally, iou, match
from ocr.metrics.page import (
    WordTally,
    count_words,
    locate_words,
    reading_order_kept,
    split_line,
    words_of,
)
from ocr.metrics.text import (
    TextTally,
    align,
    confusions,
    edit_distance,
    has_hangul,
    is_upper_case_only,
    normalise,
)
from ocr.polygon import as_polygon, centre, from_box, transform


def page(*lines: Line) -> Page:
    return Page(1, 1000, 1000, (Block(lines),))


def word(text: str, left: float, top: float, width: float = 40, height: float = 20) -> Word:
    return Word(text, from_box(left, top, left + width, top + height))


def quadratic_distance(a: str, b: str) -> int:
    """The textbook table, to check the fast implementation."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


class TestText:
    def test_normalise(self) -> None:
        assert normalise("  e\u0301\n a\tb ") == "é a b"
        assert normalise("Straße É", fold_case=True) == "strasse é"
        assert normalise("\u1112\u1161\u11ab") == "한"

    def test_upper_case_only(self) -> None:
        assert is_upper_case_only(["TOTAL 12", "RM"])
        assert not is_upper_case_only(["TOTAL", "Rm"])
        assert not is_upper_case_only(["12.50", "한글"])

    def test_has_hangul(self) -> None:
        assert has_hangul("a한") and has_hangul("ㅋ") and not has_hangul("abc中")

    @pytest.mark.parametrize(
        ("reference", "prediction", "distance"),
        [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("", "", 0), ("same", "same", 0), ("ab", "ba", 2)],
    )
    def test_edit_distance(self, reference: str, prediction: str, distance: int) -> None:
        assert edit_distance(reference, prediction) == distance

    def test_edit_distance_of_words(self) -> None:
        assert edit_distance(["the", "cat", "sat"], ["the", "bat", "sat", "down"]) == 2

    def test_fast_distance_and_alignment_agree_with_the_table(self) -> None:
        rng = random.Random(0)
        for _ in range(300):
            a = "".join(rng.choices("abc", k=rng.randrange(12)))
            b = "".join(rng.choices("abc", k=rng.randrange(12)))
            pairs = align(a, b)
            assert edit_distance(a, b) == quadratic_distance(a, b) == sum(x != y for x, y in pairs)
            assert "".join(x for x, _ in pairs if x) == a and "".join(y for _, y in pairs if y) == b

    def test_long_texts_are_exact(self) -> None:
        text = "abcdefghij" * 300
        assert edit_distance(text, text[:1500] + "X" + text[1501:] + "YZ") == 3

    def test_confusions_are_runs(self) -> None:
        assert confusions("modern", "modem") == Counter({("rn", "m"): 1})
        assert confusions("a b", "ab") == Counter({(" ", ""): 1})
        assert confusions("abcdefgh", "") == Counter()  # a lost passage

    def test_tally(self) -> None:
        tally = TextTally()
        tally.add("the cat", "the cat")  # exact
        tally.add("ab cd", "abcd")  # one of five characters; no error without spaces; both words lost, one inserted
        assert (tally.characters.count, tally.characters.total) == (1, 12)
        assert (tally.letters.count, tally.letters.total) == (0, 10)
        assert (tally.words.count, tally.words.total) == (2, 4)
        assert tally.lines.value == 0.5
        assert tally.eojeol.value is None
        tally.add_insertion("xyz")
        assert (tally.characters.count, tally.characters.total) == (4, 12)
        assert (tally.words.count, tally.words.total) == (3, 4)

    def test_eojeol_accuracy_counts_only_words_with_hangul(self) -> None:
        tally = TextTally()
        tally.add("상품 준비중 입니다 OK", "상품 준비 중 입니다 0K")  # 상품 and 입니다 right, 준비중 wrong
        assert (tally.eojeol.count, tally.eojeol.total) == (2, 3)


class TestDetection:
    def test_iou_of_rectangles(self) -> None:
        assert iou(from_box(0, 0, 10, 10), from_box(5, 0, 15, 10)) == pytest.approx(50 / 150)
        assert iou(from_box(0, 0, 10, 10), from_box(20, 0, 30, 10)) == 0

    def test_iou_of_tilted_rectangle(self) -> None:
        diamond = ((5.0, 0.0), (10.0, 5.0), (5.0, 10.0), (0.0, 5.0))
        assert iou(diamond, from_box(0, 0, 10, 10)) == pytest.approx(0.5, abs=1e-5)

    def test_iou_of_non_convex_polygon(self) -> None:
        corner = ((0.0, 0.0), (100.0, 0.0), (100.0, 20.0), (20.0, 20.0), (20.0, 100.0), (0.0, 100.0))  # area 3600
        assert iou(corner, from_box(0, 0, 100, 100)) == pytest.approx(0.36, abs=0.02)
        assert iou(corner, from_box(30, 30, 100, 100)) < 0.01  # the convex hull would overlap

    def test_matching_is_one_to_one(self) -> None:
        label = from_box(0, 0, 100, 20)
        assert match([label], [from_box(0, 0, 100, 22), from_box(0, 0, 100, 20)]) == [(0, 1)]

    def test_precision_recall_f1(self) -> None:
        tally = DetectionTally()
        labels = [from_box(0, 0, 100, 20), from_box(0, 40, 100, 60), from_box(0, 80, 100, 100)]
        tally.add(labels, [from_box(2, 0, 100, 20), from_box(0, 40, 40, 60)])  # second overlaps only 40%
        assert (tally.matched, tally.predicted, tally.labelled) == (1, 2, 3)
        assert tally.precision == 0.5 and tally.recall == pytest.approx(1 / 3) and tally.f1 == pytest.approx(0.4)

    def test_predictions_on_ignored_regions_are_left_out(self) -> None:
        tally = DetectionTally()
        tally.add(
            [from_box(0, 0, 100, 20)], [from_box(0, 0, 100, 20), from_box(0, 50, 90, 70)], [from_box(0, 40, 100, 80)]
        )
        assert tally.precision == tally.recall == 1

    def test_nothing_labelled_nothing_found(self) -> None:
        assert DetectionTally().f1 is None


class TestPage:
    def test_word_f1_is_a_multiset_match(self) -> None:
        tally = WordTally()
        tally.add(count_words(["the cat and the dog"], fold_case=False), Counter(["the", "the", "the", "cat", "Dog"]))
        assert (tally.matched, tally.predicted, tally.labelled) == (3, 5, 5)
        assert tally.precision == tally.recall == tally.f1 == 0.6

    def test_split_line_shares_the_box(self) -> None:
        first, second = split_line(Line("ab  cdef", from_box(0, 0, 80, 10), 0.7))
        assert (first.text, second.text, second.confidence) == ("ab", "cdef", 0.7)
        assert first.polygon == from_box(0, 0, 20, 10) and second.polygon == from_box(40, 0, 80, 10)

    def test_words_of_splits_lines_without_words(self) -> None:
        assert [w.text for w in words_of(page(Line("a b", from_box(0, 0, 30, 10))))] == ["a", "b"]

    def test_words_go_to_the_line_that_holds_their_centre(self) -> None:
        truth = page(Line("one two", from_box(0, 0, 100, 20)), Line("three", from_box(0, 30, 100, 50)))
        located = locate_words(truth, [word("two", 50, 0), word("one", 0, 2), word("noise", 500, 500)])
        assert [[item.word.text for item in words] for _, words in located.on_lines] == [["one", "two"], []]
        assert [item.word.text for item in located.on_no_line] == ["noise"]

    def test_overlapping_lines_give_the_word_to_the_nearest_middle(self) -> None:
        truth = page(Line("a", from_box(0, 0, 100, 30)), Line("b", from_box(0, 20, 100, 50)))
        located = locate_words(truth, [word("b", 10, 19)])  # centre at y = 29, inside both
        assert [len(words) for _, words in located.on_lines] == [0, 1]

    def test_words_of_an_upside_down_line_follow_its_direction(self) -> None:
        quad = ((100.0, 20.0), (0.0, 20.0), (0.0, 0.0), (100.0, 0.0))
        located = locate_words(page(Line("one two", quad)), [word("two", 0, 0), word("one", 60, 0)])
        assert [item.word.text for item in located.on_lines[0][1]] == ["one", "two"]

    @pytest.mark.parametrize("degrees", [0, 15, 45, 90, 137, 180, 270])
    def test_a_page_scores_the_same_however_it_is_turned(self, degrees: int) -> None:
        angle = np.deg2rad(degrees)
        matrix = np.array([[np.cos(angle), -np.sin(angle), 900], [np.sin(angle), np.cos(angle), 900]])
        outline = ((0, 4), (100, 0), (200, 4), (200, 24), (100, 20), (0, 24))  # a bent line
        bent = Line("one two three", as_polygon(transform(outline, matrix)))
        straight = Line("four five", as_polygon(transform(from_box(0, 30, 200, 50), matrix)))
        words = [
            Word(text, as_polygon(transform(from_box(x, y, x + 40, y + 20), matrix)))
            for text, x, y in (("five", 120, 30), ("three", 150, 2), ("one", 5, 2), ("four", 10, 30), ("two", 80, 0))
        ]
        located = locate_words(page(bent, straight), words)
        assert [[i.word.text for i in found] for _, found in located.on_lines] == [
            ["one", "two", "three"],
            ["four", "five"],
        ]
        assert located.on_no_line == []
        first, *_, last = split_line(bent)
        assert np.subtract(centre(last.polygon), centre(first.polygon)) @ matrix[:, 0] > 100

    def test_words_on_ignored_regions_vanish(self) -> None:
        truth = page(Line("a", from_box(0, 0, 100, 20)), Line("", from_box(0, 30, 100, 50), ignore=True))
        located = locate_words(truth, [word("a", 0, 0), word("scrawl", 10, 30)])
        assert len(located.on_lines) == 1 and located.on_no_line == []

    def test_no_labelled_lines(self) -> None:
        located = locate_words(Page(1, 10, 10), [word("x", 0, 0)])
        assert located.on_lines == [] and len(located.on_no_line) == 1

    def test_reading_order(self) -> None:
        truth = page(*(Line(text, from_box(x, y, x + 100, y + 20)) for text, x, y in COLUMNS))
        by_column = [word(text, x, y) for text, x, y in COLUMNS]
        across = [by_column[i] for i in (0, 3, 1, 4, 2, 5)]
        assert reading_order_kept(locate_words(truth, by_column)) == (5, 5)
        assert reading_order_kept(locate_words(truth, across)) == (0, 5)
        assert reading_order_kept(locate_words(truth, by_column[::-1])) == (0, 5)
        assert reading_order_kept(locate_words(truth, [by_column[0], by_column[2]])) == (1, 1)  # lost line passed over
        assert reading_order_kept(locate_words(truth, [])) == (0, 0)

    def test_word_centre_of_split_line_lies_in_it(self) -> None:
        tilted = ((0.0, 0.0), (100.0, 50.0), (95.0, 60.0), (-5.0, 10.0))
        x, y = centre(split_line(Line("one two", tilted))[1].polygon)
        assert 40 < x < 100 and 20 < y < 60


COLUMNS = [("a", 0, 0), ("b", 0, 30), ("c", 0, 60), ("d", 200, 0), ("e", 200, 30), ("f", 200, 60)]


class TestCalibration:
    def test_perfect(self) -> None:
        assert expected_calibration_error([1.0, 1.0, 0.0], [True, True, False]) == 0

    def test_by_hand(self) -> None:
        # Bin 0.9 to 1: three words of confidence 0.9, one right: gap 0.9 - 1/3. Bin 0.5: one of 0.5, right: gap 0.5.
        error = expected_calibration_error([0.9, 0.9, 0.9, 0.5], [True, False, False, True])
        assert error == pytest.approx((3 * (0.9 - 1 / 3) + 0.5) / 4)

    def test_no_words(self) -> None:
        assert expected_calibration_error([], []) is None
