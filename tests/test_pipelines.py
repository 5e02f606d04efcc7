"""What every pipeline promises, on small drawn pages with a tiny network: a new pipeline adds a row to ``TINY``.

Shapes, losses, gradients, learning, batches, model folders, ONNX, polygons, blank pages, shipped configurations.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("safetensors", reason="the training extra is not installed")

import ocr.pipeline  # noqa: E402
from ocr.config import find_config, load_config  # noqa: E402
from ocr.correct.prior import guided  # noqa: E402
from ocr.document import Block, Char, Line, Page, Word  # noqa: E402
from ocr.metrics.text import edit_distance  # noqa: E402
from ocr.models.codec import Alphabet, default_alphabet  # noqa: E402
from ocr.models.interface import Image  # noqa: E402
from ocr.models.registry import PIPELINES, TRAINED  # noqa: E402
from ocr.models.trainable import Batch, Pipeline  # noqa: E402
from ocr.models.weights import load_pipeline, save_model  # noqa: E402
from ocr.polygon import contains, from_box  # noqa: E402

Drawn = tuple[Image, Page]

CONFIGS = sorted((Path(ocr.pipeline.__file__).parent / "configs").rglob("*.yaml"))
ALPHABET = Alphabet([*" adeikmnostu"])
TEXTS = (("a tea", "mud"), ("do it", "kins"))
WIDTH, HEIGHT, LINE_WIDTH = 128, 128, 128
FEW = 2
"""Wrong characters of two pages that pass for learnt by heart: lines are cut a little differently in reading."""


@dataclass(frozen=True)
class Tiny:
    """What a pipeline needs to be tested in seconds.

    Attributes:
        overrides: Settings of a network that learns ``TEXTS`` in ``steps`` steps at ``rate``.
        batch: A training batch of whole pages with an entry for each part.
        shapes: Shape of each output for N such pages.
        losses: Names of the losses.
        later: Those that come in once the network finds something.
    """

    overrides: tuple[str, ...]
    steps: int
    rate: float
    batch: Callable[[Any, Sequence[Drawn]], Batch]
    shapes: Callable[[int, Batch], dict[str, tuple[int, ...]]]
    losses: frozenset[str]
    later: frozenset[str]


def two_stage_batch(pipeline: Any, pages: Sequence[Drawn]) -> Batch:
    """Pages for the detector and their lines, cut out as in reading and a little looser, for the recognizer."""
    from ocr.data.recognition import collate_lines
    from ocr.models.two_stage.detector_targets import detector_batch
    from ocr.models.two_stage.rectify import ShrunkPage, line_image, widen

    config = pipeline.config
    maps = detector_batch(pages, config.kernel)
    crops = []
    for image, page in pages:
        grey = ShrunkPage(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        for line in page.lines:
            for looser in (0.0, 0.03, 0.06, 0.09, 0.12):
                margins = config.reading.margin + looser, config.reading.side_margin + looser / 2
                quad = widen(np.asarray(line.polygon), *margins)
                crops.append((line_image(grey, quad, config.recognizer.height), ALPHABET.encode(line.text)))
    batch = {"detector": {name: torch.from_numpy(array) for name, array in maps.items()}}
    return batch | ({"recognizer": collate_lines(crops, LINE_WIDTH)} if crops else {})


def end2end_batch(pipeline: Any, pages: Sequence[Drawn]) -> Batch:
    """Pages with their characters."""
    from ocr.models.end2end.characters import characters_of
    from ocr.models.end2end.spotter_targets import spotter_batch

    marked = [(image, characters_of(page, ALPHABET)) for image, page in pages]
    arrays = spotter_batch(marked, pipeline.config.target)
    return {"spotter": {name: torch.from_numpy(array) for name, array in arrays.items()}}


TINY = {
    "two_stage": Tiny(
        (
            "model.recognizer.stem=[8,16,32]", "model.recognizer.width=32", "model.recognizer.depth=2",
            "model.recognizer.heads=2", "model.detector.stem=[4,8,8]", "model.detector.width=16",
            "model.detector.depth=1", "model.detector.heads=2", "model.detector.head=16", "model.prepare.enlarge=1",
        ),
        300, 8e-3, two_stage_batch,
        lambda pages, batch: {
            "detector": (pages, 1, HEIGHT // 4, WIDTH // 4),
            "recognizer": (len(batch["recognizer"]["images"]), LINE_WIDTH // 4, ALPHABET.classes),
        },
        frozenset({"ctc", "detector_cross_entropy", "detector_dice"}),
        frozenset(),
    ),
    "end2end": Tiny(
        (
            "model.spotter.stem=[8,16,32]", "model.spotter.width=48", "model.spotter.depth=2", "model.spotter.heads=3",
            "model.spotter.hidden=64", "model.spotter.context_width=24", "model.look.enlarge=1", "model.look.large=400",
            "model.look.tall=400",
        ),
        110, 4e-3, end2end_batch,
        lambda pages, batch: {
            "spotter": (pages, 12, HEIGHT // 4, WIDTH // 4),
            "symbols": (len(batch["spotter"]["cells"]), 3, ALPHABET.classes),
            "context": (*batch["spotter"]["chains"].shape, 3, ALPHABET.classes),
            "context_links": (*batch["spotter"]["chains"].shape, 3),
        },
        frozenset({"presence", "class", "geometry", "link", "context"}),
        frozenset({"found"}),
    ),
}  # fmt: skip


def draw_page(texts: Sequence[str]) -> Drawn:
    """Lines in OpenCV's letters; a character's polygon is its advance by the height of the line."""
    image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    lines = []
    for row, text in enumerate(texts):
        baseline, x = 44 + 52 * row, 14
        chars = []
        for character in text:
            (advance, _), _ = cv2.getTextSize(character, cv2.FONT_HERSHEY_SIMPLEX, 0.9, 2)
            cv2.putText(image, character, (x, baseline), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2, cv2.LINE_AA)
            chars.append(Char(character, from_box(x, baseline - 22, x + advance, baseline + 9)))
            x += advance
        lines.append(Line(text, from_box(14, baseline - 22, x, baseline + 9), words=words_of(chars)))
    return image, Page(1, WIDTH, HEIGHT, (Block(tuple(lines)),))


def words_of(chars: Sequence[Char]) -> tuple[Word, ...]:
    words, start = [], 0
    for end in [i for i, c in enumerate(chars) if c.text == " "] + [len(chars)]:
        word = tuple(chars[start:end])
        box = (*word[0].polygon[:1], *word[-1].polygon[1:3], *word[0].polygon[3:])
        words.append(Word("".join(c.text for c in word), box, chars=word))
        start = end + 1
    return tuple(words)


PAGES = [draw_page(texts) for texts in TEXTS]
IMAGES = [image for image, _ in PAGES]
BLANK = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)


def build(name: str) -> Pipeline:
    torch.manual_seed(0)
    config = load_config(None, [f"pipeline={name}", *TINY[name].overrides]).model
    pipeline: Pipeline = importlib.import_module(PIPELINES[name]).build(config, ALPHABET)
    return pipeline


@pytest.fixture(scope="module", params=sorted(PIPELINES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def fresh(name: str) -> Pipeline:
    return build(name)


@pytest.fixture(scope="module")
def learnt(name: str) -> Pipeline:
    """The pipeline after it has learnt two pages by heart."""
    tiny, pipeline = TINY[name], build(name).train()
    batch = tiny.batch(pipeline, PAGES)
    optimizer = torch.optim.AdamW(pipeline.parameters(), lr=tiny.rate, betas=(0.9, 0.95))
    for _ in range(3):  # once is mostly enough, but it ends a little differently on each kind of processor
        for step in range(tiny.steps):
            optimizer.param_groups[0]["lr"] = tiny.rate * min(1, step / 20 + 0.05, 5 * (1 - step / tiny.steps))
            optimizer.zero_grad()
            torch.stack(list(pipeline.train().loss(pipeline(batch), batch).values())).sum().backward()
            optimizer.step()
        if errors_of(pipeline.eval()) <= FEW:
            break
    return pipeline


@pytest.fixture(scope="module")
def folder(name: str, learnt: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder of the learnt pipeline."""
    folder = tmp_path_factory.mktemp(name)
    save_model(folder, name, learnt.config, learnt.alphabet, learnt.state_dict())
    return folder


def test_every_pipeline_is_tested() -> None:
    assert set(PIPELINES) <= set(TINY)


def test_outputs_have_their_shapes(name: str, fresh: Pipeline) -> None:
    batch = TINY[name].batch(fresh, PAGES)
    assert set(batch) == set(fresh.parts)
    output = fresh(batch)
    assert {key: tuple(tensor.shape) for key, tensor in output.items()} == TINY[name].shapes(len(PAGES), batch)
    assert all(torch.isfinite(tensor).all() for tensor in output.values())


def test_losses_are_named_and_finite(name: str, fresh: Pipeline) -> None:
    for pages in (PAGES, [(BLANK, Page(1, WIDTH, HEIGHT))], [*PAGES, (BLANK, Page(1, WIDTH, HEIGHT))]):
        batch = TINY[name].batch(fresh, pages)
        losses = fresh.loss(fresh(batch), batch)
        assert all(loss.ndim == 0 and torch.isfinite(loss) for loss in losses.values())
        assert set(losses) <= TINY[name].losses
    assert set(losses) == TINY[name].losses


def test_every_trainable_parameter_gets_a_gradient(name: str, fresh: Pipeline) -> None:
    fresh.train().zero_grad()
    batch = TINY[name].batch(fresh, PAGES)
    torch.stack(list(fresh.loss(fresh(batch), batch).values())).sum().backward()
    assert not [key for key, p in fresh.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]


def test_outputs_do_not_depend_on_the_batch(name: str, fresh: Pipeline) -> None:
    fresh.eval()
    with torch.no_grad():
        together = fresh(TINY[name].batch(fresh, PAGES))
        alone = fresh(TINY[name].batch(fresh, PAGES[:1]))
    for key, tensor in alone.items():
        torch.testing.assert_close(together[key][: len(tensor)], tensor, rtol=1e-4, atol=1e-5)


def errors_of(pipeline: Pipeline) -> int:
    """Wrong characters in all that is read of the two pages."""
    pages = zip(TEXTS, pipeline.predict(IMAGES), strict=True)
    return sum(edit_distance("\n".join(texts), page.text.replace("\n\n", "\n")) for texts, page in pages)


def test_a_handful_of_lines_is_learnt_by_heart(learnt: Pipeline) -> None:
    assert errors_of(learnt) <= FEW


def test_what_a_model_finds_adds_losses_in_training(name: str, learnt: Pipeline) -> None:
    batch, network = TINY[name].batch(learnt, PAGES), copy.deepcopy(learnt)
    assert set(learnt.loss(learnt(batch), batch)) == TINY[name].losses
    losses = network.train().loss(network(batch), batch)
    assert set(losses) == TINY[name].losses | TINY[name].later
    assert all(loss.ndim == 0 and torch.isfinite(loss) for loss in losses.values())


def test_words_and_characters_make_up_the_lines(learnt: Pipeline) -> None:
    for page in learnt.predict(IMAGES):
        for line in page.lines:
            assert " ".join(word.text for word in line.words) == line.text
            assert ["".join(char.text for char in word.chars) for word in line.words] == line.text.split()


def test_a_batch_gives_the_same_as_one_by_one(learnt: Pipeline) -> None:
    turned = np.ascontiguousarray(np.rot90(IMAGES[1]))
    images = [*IMAGES, BLANK, turned]
    assert learnt.predict(images) == [learnt.predict([image])[0] for image in images]


def test_polygons_lie_inside_the_page(learnt: Pipeline) -> None:
    cropped = np.ascontiguousarray(IMAGES[0][20:, 8:])  # letters touch the edge
    for image, page in zip([*IMAGES, cropped], learnt.predict([*IMAGES, cropped]), strict=True):
        height, width = image.shape[:2]
        assert (page.width, page.height) == (width, height)
        words = list(page.words)
        items: list[Line | Word | Char] = [*page.lines, *words, *(char for word in words for char in word.chars)]
        assert items and all(0 <= item.confidence <= 1 and len(item.polygon) >= 4 for item in items)
        inside = from_box(0, 0, width, height)
        assert all(contains(inside, point) for item in items for point in item.polygon)


def test_a_blank_page_is_empty(learnt: Pipeline) -> None:
    assert learnt.predict([BLANK]) == [Page(1, WIDTH, HEIGHT)]


def test_a_model_folder_gives_the_same_result(name: str, folder: Path, learnt: Pipeline, tmp_path: Path) -> None:
    loaded = load_pipeline(folder)
    assert loaded.config == learnt.config and loaded.alphabet == ALPHABET
    pages = loaded.predict(IMAGES)
    assert [page.text for page in pages] == [page.text for page in learnt.predict(IMAGES)]
    save_model(tmp_path, name, loaded.config, loaded.alphabet, loaded.state_dict())
    assert load_pipeline(tmp_path).predict(IMAGES) == pages


def test_onnx_reads_as_torch_does(folder: Path, learnt: Pipeline, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the training extra is not installed")
    from ocr.export import export

    assert set(export(folder, tmp_path)) >= set(learnt.parts)
    images = [*IMAGES, BLANK, np.ascontiguousarray(np.rot90(IMAGES[1]))]
    trained, exported = guided(load_pipeline(tmp_path).reader()), ocr.pipeline.load(tmp_path)
    for expected, page in zip(trained.predict(images), exported.predict(images), strict=True):
        assert page.text == expected.text
        for mine, other in zip(page.words, expected.words, strict=True):
            assert mine.confidence == pytest.approx(other.confidence, abs=5e-3)
            np.testing.assert_allclose(mine.polygon, other.polygon, atol=0.3)
    crops = [
        image[24:52] for image in IMAGES
    ]  # the height that end2end gives to line crops, or it sees nothing in them
    # by the picture alone: these crops are not cut as in training, and where all is doubtful a rounding decides
    alone = load_pipeline(tmp_path).reader(), ocr.pipeline.load_unguided(tmp_path)
    for expected, line in zip(*(reader.read_lines(crops) for reader in alone), strict=True):
        assert line.text == expected.text != ""
        assert line.confidence == pytest.approx(expected.confidence, abs=5e-3)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_builds(path: Path) -> None:
    config = load_config(find_config(Path(path.stem)))
    with torch.device("meta"):  # shapes without memory
        pipeline = importlib.import_module(TRAINED[config.pipeline]).build(offline(config.model), default_alphabet())
    assert pipeline.parts and set(config.parts) <= set(pipeline.parts)


def offline(config: Any) -> Any:
    """The configuration without published weights, which would have to be fetched."""
    changes = {
        f.name: offline(getattr(config, f.name)) if dataclasses.is_dataclass(getattr(config, f.name)) else False
        for f in dataclasses.fields(config)
        if dataclasses.is_dataclass(getattr(config, f.name)) or f.name == "pretrained"
    }
    return dataclasses.replace(config, **changes)
