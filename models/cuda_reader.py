"""Reading on a GPU: the networks in PyTorch, computing in bf16 where that is safe (``torch.autocast``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from ocr.errors import UsageError
from ocr.models.interface import DoubtingReader, Image
from ocr.models.schema import suggest

if TYPE_CHECKING:
    from ocr.document import Line, Page


class AutocastReader:
    """A :class:`~ocr.models.interface.DoubtingReader` whose torch networks compute in bf16, on any device."""

    def __init__(self, reader: DoubtingReader, device: torch.device) -> None:
        self.reader, self.pipeline, self._device = reader, reader.pipeline, device

    def predict(self, images: Sequence[Image]) -> list[Page]:
        with torch.autocast(self._device.type, torch.bfloat16):
            return self.reader.predict(images)

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        with torch.autocast(self._device.type, torch.bfloat16):
            return self.reader.read_lines(images)

    def with_alternatives(self) -> AutocastReader:
        """See :class:`~ocr.models.interface.DoubtingReader`."""
        return AutocastReader(self.reader.with_alternatives(), self._device)


def open_on(pipeline: Any, device: torch.device, guide: Callable[[DoubtingReader], DoubtingReader]) -> AutocastReader:
    """The reader of a pipeline whose networks are moved to the device, after the ``guide`` that every reader gets."""
    return AutocastReader(guide(pipeline.to(device).eval().reader()), device)


def find_device(name: str) -> torch.device:
    """``cuda``, or ``cuda:1`` for the second GPU. Raises UsageError if there is no such device here."""
    kind, _, index = name.partition(":")
    if kind != "cuda" or not (index.isdecimal() or name == kind):
        raise UsageError(f"unknown device {name!r}: {suggest(kind, ['cpu', 'cuda'])}; cuda:1 is the second GPU")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(index or 0) >= count:
        raise UsageError(
            f"no device {name}: PyTorch {torch.__version__} finds {count} GPUs for CUDA here; leave out --device to "
            "read on the CPU, or see ocr doctor"
        )
    return torch.device(name)
