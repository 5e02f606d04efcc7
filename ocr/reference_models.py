"""Well-known models and how many parameters they have, to set ours beside; each figure with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReferenceModel:
    """``parameters`` from and to (the same where there is one figure); ``kind`` is one of those below;
    ``source`` says where the figure stands."""

    name: str
    parameters: tuple[int, int]
    kind: str
    source: str

    @classmethod
    def of(cls, name: str, parameters: float, kind: str, source: str) -> ReferenceModel:
        """A model with one figure."""
        return cls(name, (round(parameters), round(parameters)), kind, source)


OURS, OCR, VISION, TEXT, TABLE = "this model", "OCR", "vision", "language", "statistics"
"""Kinds of models."""

REFERENCES = (
    ReferenceModel("linear regression", (20, 200), TABLE, "a weight a column of the table and an intercept"),
    ReferenceModel.of("LeNet-5", 60e3, VISION, "LeCun et al. 1998, Proc. IEEE 86 (11), section II B"),
    ReferenceModel.of("CRNN", 8.3e6, OCR, "arXiv 1507.05717, section 3.4"),
    ReferenceModel.of("ViT-S/16", 22e6, VISION, "DeiT-S in arXiv 2012.12877, table 1"),
    ReferenceModel.of("PARSeq-S", 23.8e6, OCR, "arXiv 2207.06966, table of models and cost"),
    ReferenceModel.of("AlexNet", 60e6, VISION, "Krizhevsky et al. 2012, NeurIPS, abstract"),
    ReferenceModel.of("ViT-B/16", 86e6, VISION, "arXiv 2010.11929, table 1"),
    ReferenceModel.of("BERT-base", 110e6, TEXT, "arXiv 1810.04805, section 3"),
    ReferenceModel.of("GPT-1", 117e6, TEXT, "Radford et al. 2019 (GPT-2), table 2: the first row is of GPT-1's size"),
    ReferenceModel.of("ViT-L/16", 307e6, VISION, "arXiv 2010.11929, table 1"),
    ReferenceModel.of("TrOCR-base", 334e6, OCR, "arXiv 2109.10282, table of SROIE results"),
    ReferenceModel.of("GPT-2", 1542e6, TEXT, "Radford et al. 2019 (GPT-2), table 2"),
    ReferenceModel.of("Gemma 2B", 524_550_144 + 1_981_884_416, TEXT, "arXiv 2403.08295, table 2: embedding and others"),
    ReferenceModel.of("Llama 3.1 8B", 8e9, TEXT, "arXiv 2407.21783, table 3"),
    ReferenceModel.of("Llama 3.1 70B", 70e9, TEXT, "arXiv 2407.21783, table 3"),
    ReferenceModel.of("GPT-3", 175e9, TEXT, "arXiv 2005.14165, table 2.1"),
    ReferenceModel.of("Llama 3.1 405B", 405e9, TEXT, "arXiv 2407.21783, table 3"),
)
"""From small to large."""


def beside(own: Mapping[str, int]) -> tuple[ReferenceModel, ...]:
    """The reference models and ours (name to parameters), from small to large."""
    ours = (ReferenceModel.of(name, count, OURS, "counted in its weights") for name, count in own.items())
    return tuple(sorted((*REFERENCES, *ours), key=lambda model: model.parameters))
