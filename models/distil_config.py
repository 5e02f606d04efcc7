"""How a student is trained on what a teacher answers: the only place for these defaults."""

from __future__ import annotations

from dataclasses import dataclass

from ocr.errors import UsageError


@dataclass(frozen=True, slots=True)
class DistilConfig:
    """Knowledge distillation (arXiv 1503.02531): the teacher sees the same batches, and the student learns its answers.

    Attributes:
        teacher: Model by name or folder; empty: none. Its weights are not changed and not saved.
        logits: Weight of its answers: posteriors of CTC at every token, maps of detector and spotter, classes.
        features: Weight of the features behind its last block, which the student's are projected to; the projection
            is trained along and not saved.
        labels: Weight of the student's own losses, by labels.
        temperature: Both softmaxes are flattened by it, so that what the teacher thinks less likely counts too.
        unlabelled: Folders of images without labels; the teacher reads them before training starts, and what it reads
            is trained on as if it were labelled.
        lines: Whether these images are single lines, not pages.
        sure: Confidence of a line from which its reading is taken for a label; other lines of a page are ignored.

    Raises UsageError for weights below 0, a temperature of 0 or less, and unlabelled images without a teacher.
    """

    teacher: str = ""
    logits: float = 1.0
    features: float = 0.0
    labels: float = 1.0
    temperature: float = 2.0
    unlabelled: tuple[str, ...] = ()
    lines: bool = False
    sure: float = 0.9

    def __post_init__(self) -> None:
        for name in ("logits", "features", "labels"):
            if getattr(self, name) < 0:
                raise UsageError(f"distil.{name}={getattr(self, name):g} must be 0 or more; usual are 0 to 2")
        if self.temperature <= 0:
            raise UsageError(f"distil.temperature={self.temperature:g} must be above 0; usual are 1 to 4")
        if not 0 <= self.sure <= 1:
            raise UsageError(f"distil.sure={self.sure:g} must be a confidence from 0 to 1")
        if self.unlabelled and not self.teacher:
            raise UsageError("distil.unlabelled needs a teacher that reads the images; set distil.teacher=MODEL")
