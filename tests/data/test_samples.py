"""Sample, splits of a folder, and decoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr.data.samples import Sample, find_split, list_splits, load_samples
from ocr.document import Block, Line, Page
from ocr.errors import InputError, UsageError
from ocr.polygon import from_box


def save(path: Path, image: Image.Image, exif: Image.Exif | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif or Image.Exif())
    return path


def test_load_gives_rgb_of_every_kind_of_image(tmp_path: Path) -> None:
    grey = np.linspace(0, 65535, 40, dtype=np.uint16).reshape(4, 10)
    images = {
        "grey.png": Image.new("L", (10, 4), 128),
        "bilevel.png": Image.new("1", (10, 4), 1),
        "palette.png": Image.new("P", (10, 4)),
        "alpha.png": Image.new("RGBA", (10, 4), (0, 0, 0, 0)),
        "deep.png": Image.fromarray(grey),
        "cmyk.jpg": Image.new("CMYK", (10, 4)),
    }
    for name, image in images.items():
        loaded = Sample(save(tmp_path / name, image), text="x").load()
        assert loaded.shape == (4, 10, 3) and loaded.dtype == np.uint8, name
    assert Sample(tmp_path / "alpha.png").load().min() == 255, "transparent is white"
    deep = Sample(tmp_path / "deep.png").load()
    assert deep[0, 0, 0] == 0 and deep[-1, -1, 0] == 255 and len(np.unique(deep)) > 30, "16 bit is scaled, not clipped"


def test_load_turns_the_image_by_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "turned.jpg", Image.new("RGB", (30, 20)), exif=exif)
    assert Sample(path).load().shape == (30, 20, 3)


@pytest.mark.parametrize(("content", "code"), [(None, "not_found"), (b"", "empty"), (b"no image", "damaged")])
def test_unreadable_images_have_a_code(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "page.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"page\.png") as caught:
        Sample(path).load()
    assert caught.value.code == code


def test_truncated_jpeg_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path / "page.jpg", Image.fromarray(noise))
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError):
        Sample(path).load()


def test_crops_and_text_pages_are_told_apart() -> None:
    assert Sample(Path("a.png"), text="one line").is_crop
    assert not Sample(Path("a.png"), text="two\nlines").is_crop
    assert not Sample(Path("a.png"), text="title", kind="page").is_crop
    assert not Sample(Path("a.png"), page=Page(1, 10, 10)).is_crop


def test_full_text_leaves_ignored_lines_out() -> None:
    box = from_box(0, 0, 5, 5)
    page = Page(1, 10, 10, (Block((Line("a", box), Line("b", box, ignore=True), Line("c", box))),))
    assert Sample(Path("a.png"), page).full_text == "a\nc"
    assert Sample(Path("a.png"), page, text="whole").full_text == "whole"


def test_splits_of_a_folder(tmp_path: Path) -> None:
    for name in ("train", "val"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"image": "a.png", "text": "{name}"}}\n')
    assert list_splits(tmp_path) == ["train", "val"]
    assert load_samples(tmp_path, split="val")[0].text == "val"
    with pytest.raises(UsageError, match="train, val; choose one"):
        load_samples(tmp_path)
    with pytest.raises(UsageError, match="no split 'tset'"):
        load_samples(tmp_path, split="tset")
    with pytest.raises(UsageError, match="no such file"):
        load_samples(tmp_path / "missing")


def test_split_folders_of_other_sets(tmp_path: Path) -> None:
    (tmp_path / "training_data").mkdir()
    (tmp_path / "testing_data").mkdir()
    assert list_splits(tmp_path) == ["train", "test"]
    assert find_split(tmp_path, "train") == tmp_path / "training_data"


def test_unknown_formats_name_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "labels.yaml").write_text("a: 1")
    with pytest.raises(UsageError, match=r"no label format recognised.*PAGE XML.*ICDAR"):
        load_samples(tmp_path / "labels.yaml")
