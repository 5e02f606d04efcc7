"""What a model is trained and validated on: the only place for these defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from ocr.data.synthetic.crops import CropStyle
from ocr.data.synthetic.text import TextMix


@dataclass(frozen=True)
class DataConfig:
    """Attributes:
    train: Labelled sets (folders, manifests or shards) to train on; none trains on rendered pages alone.
    weights: How often each set of ``train`` is drawn from, in proportion, whatever its size: ``[3, 1]``; none: every
        sample equally often.
    val: Labelled sets to validate on.
    pairs: Files of lines as they were read and as they are (:mod:`ocr.data.line_pairs`), for the corrector alone.
    pairs_val: The same to validate on.
    languages: Labelled samples marked with another language are left out; none keeps all.
    fonts: Folders of fonts to render with; families kept for evaluation are left out.
    corpora: Folders of text to render, a sub-folder a language; none trains on labelled sets alone.
    text: What the rendered text is: shares of languages, numbers, codes, rare syllables and so on.
    evaluation_fonts: Folders of the evaluation-only families for the rendered validation lines and pages.
    rendered_val: Number of validation lines rendered a language group (Latin, Korean).
    real_share: Share of labelled lines or crops of pages among rendered ones.
    replay: Share of the stock set (ocr/stock) mixed into labelled sets when training starts from a model, so that it
        forgets less; 0 switches it off. With corpora, rendered data take its place, by ``real_share``.
    held_out: Share of ``train`` (or ``pairs``) that is validated on instead, when training starts from a model and
        ``val`` (or ``pairs_val``) is empty; 2,000 samples at most.
    stock: Whether the stock set is scored too; it has no say in which weights are the best. Training that starts from
        a model always does.
    max_bad: Largest share of labelled samples that may be damaged and are then skipped.
    workers: Processes that prepare batches.
    line_pixels: Width in px of a recognizer batch: lines times padded width.
    max_line_width: Widest line in px at the recognizer's height.
    page_crops: Page crops a batch of a detector or spotter.
    crop_style: How rendered lines look.
    """

    train: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    val: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    pairs_val: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    fonts: tuple[str, ...] = ("/usr/share/fonts",)
    corpora: tuple[str, ...] = ()
    text: TextMix = field(default_factory=TextMix)
    evaluation_fonts: tuple[str, ...] = ("/usr/share/fonts",)
    rendered_val: int = 200
    real_share: float = 0.25
    replay: float = 0.4
    held_out: float = 0.1
    stock: bool = False
    max_bad: float = 0.01
    workers: int = 1
    line_pixels: int = 8192
    max_line_width: int = 960
    page_crops: int = 6
    crop_style: CropStyle = field(default_factory=CropStyle)
