"""Pages without text: empty sheets, ruled paper, pictures, boxes, scrawls, barcodes. A detector must find nothing."""

from __future__ import annotations

from ocr.data.synthetic import drawing
from ocr.data.synthetic.material import Material
from ocr.data.synthetic.sheet import Sheet


def draw(sheet: Sheet, material: Material) -> None:
    if sheet.rng.uniform() < 0.3:
        return  # bare paper; degradation adds stains, folds and shadows
    parts = (_ruled, _grid, _pictures, _boxes, _scrawl, _codes)
    for _ in range(int(sheet.rng.integers(1, 4))):
        parts[int(sheet.rng.integers(len(parts)))](sheet)


def _ruled(sheet: Sheet) -> None:
    """Writing paper."""
    step, grey = sheet.height / sheet.rng.uniform(18, 45), int(sheet.rng.integers(60, 220))
    y = step * 2
    while y < sheet.height - step:
        drawing.rule(sheet, (sheet.width * 0.05, y), (sheet.width * 0.95, y), 1, (grey, grey, grey))
        y += step


def _grid(sheet: Sheet) -> None:
    """An empty table."""
    left, top, right, bottom = _box(sheet)
    columns, rows = int(sheet.rng.integers(2, 9)), int(sheet.rng.integers(2, 20))
    for i in range(columns + 1):
        x = left + (right - left) * i / columns
        drawing.rule(sheet, (x, top), (x, bottom))
    for i in range(rows + 1):
        y = top + (bottom - top) * i / rows
        drawing.rule(sheet, (left, y), (right, y))


def _pictures(sheet: Sheet) -> None:
    for _ in range(int(sheet.rng.integers(1, 4))):
        (drawing.chart if sheet.rng.uniform() < 0.25 else drawing.picture)(sheet, _box(sheet))


def _boxes(sheet: Sheet) -> None:
    for _ in range(int(sheet.rng.integers(1, 8))):
        radius = float(sheet.rng.choice((0, 12)))
        drawing.frame(sheet, _box(sheet), int(sheet.rng.integers(1, 4)), radius=radius)


def _scrawl(sheet: Sheet) -> None:
    left, top, right, bottom = _box(sheet)
    if sheet.rng.uniform() < 0.5:
        drawing.scrawl(sheet, (left, top, right, bottom))
    else:
        drawing.signature(sheet, left, (top + bottom) / 2, sheet.height * sheet.rng.uniform(0.015, 0.05))


def _codes(sheet: Sheet) -> None:
    left, top, right, bottom = _box(sheet)
    side = min(right - left, bottom - top, sheet.width * 0.25)
    (drawing.barcode if sheet.rng.uniform() < 0.5 else drawing.matrix_code)(sheet, (left, top, left + side, top + side))
    drawing.logo(sheet, _box(sheet))


def _box(sheet: Sheet) -> drawing.Box:
    """A box somewhere on the sheet, at least a tenth of its sides."""
    rng = sheet.rng
    left, top = rng.uniform(0.02, 0.75) * sheet.width, rng.uniform(0.02, 0.75) * sheet.height
    right = left + rng.uniform(0.1, 1) * (0.98 * sheet.width - left)
    bottom = top + rng.uniform(0.1, 1) * (0.98 * sheet.height - top)
    return left, top, max(right, left + 0.1 * sheet.width), max(bottom, top + 0.1 * sheet.height)
