"""The trainable language model: transformers' own Llama over bytes, with the members that the loop asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from ocr.data.batch_stream import BatchStream
from ocr.data.config import DataConfig
from ocr.data.series import Share
from ocr.document import Page
from ocr.errors import UsageError
from ocr.models.codec import Alphabet
from ocr.models.corrector.byte_codec import CLASSES, END, PADDING
from ocr.models.corrector.config import PARTS, CorrectorConfig, LanguageConfig
from ocr.models.interface import Image, Reader
from ocr.models.trainable import Batch, Output, Pipeline, Validation

HEAD = 32
"""Width of an attention head."""

READS_NOTHING = "the corrector is a language model and reads no pages; give it to ocr predict with --correct"


class ByteLlama(LlamaForCausalLM):
    """transformers' Llama; no layer of it is trained in full beside an adapter, since its last is tied to its first."""

    last_layers: ClassVar[tuple[str, ...]] = ()
    adapted_layers: ClassVar[tuple[str, ...]] = ()


class Corrector(Pipeline):
    """See :class:`ocr.models.trainable.Pipeline`.

    A batch holds ``tokens``, byte ids (N, T + 1), and with pairs ``noisy`` (P, S + 1): as the first P rows were read.
    """

    parts = PARTS

    def __init__(self, config: CorrectorConfig, alphabet: Alphabet) -> None:
        super().__init__()
        self.config, self.alphabet = config, alphabet
        self.corrector = ByteLlama(llama_config(config.language))

    def forward(self, batch: Batch) -> Output:
        names = {"corrector": "tokens", "noisy": "noisy"}
        return {
            output: self.corrector(
                input_ids=batch["corrector"][name][:, :-1], use_cache=False
            ).logits  # (N, T, classes)
            for output, name in names.items()
            if name in batch["corrector"]
        }

    def loss(self, output: Output, batch: Batch) -> dict[str, Tensor]:
        """Mean nats a byte; of pairs, also minus the log-probability that the right line is taken of the two."""
        tokens = batch["corrector"]["tokens"]
        logits = output["corrector"].float().flatten(0, 1)  # (N, T, classes) -> (N * T, classes)
        losses = {"nats": torch.nn.functional.cross_entropy(logits, tokens[:, 1:].flatten(), ignore_index=PADDING)}
        if "noisy" in output:
            noisy = log_probabilities(output["noisy"], batch["corrector"]["noisy"])  # (P,)
            clean = log_probabilities(output["corrector"][: len(noisy)], tokens[: len(noisy)])
            losses["preference"] = self.config.batch.preference * preference_loss(clean, noisy).mean()
        return losses

    def batches(self, parts: Sequence[str], data: DataConfig, seed: int, share: Share | None = None) -> BatchStream:
        from ocr.models.corrector.training_data import training_batches

        return training_batches(self.config, data, seed, share or Share())

    def validation(self, parts: Sequence[str], data: DataConfig) -> Validation:
        from ocr.models.corrector.validation import CorrectorValidation

        return CorrectorValidation(data)

    def grow_alphabet(self, alphabet: Alphabet) -> None:
        """Bytes write every alphabet."""
        self.alphabet = alphabet

    def reader(self) -> Reader:
        raise UsageError(READS_NOTHING)

    def predict(self, images: Sequence[Image]) -> list[Page]:
        raise UsageError(READS_NOTHING)


def log_probabilities(logits: Tensor, tokens: Tensor) -> Tensor:
    """Nats of whole rows (N,) from their logits (N, T, classes) and ids (N, T + 1)."""
    targets = tokens[:, 1:]
    nats = logits.float().log_softmax(-1).gather(2, targets[..., None])[..., 0]  # (N, T)
    return (nats * (targets != PADDING)).sum(1)


def preference_loss(clean: Tensor, noisy: Tensor) -> Tensor:
    """Minus the log-probability (N,) that the right one of two texts is chosen by their log-probabilities (N,)."""
    return torch.nn.functional.softplus(noisy - clean)


def llama_config(config: LanguageConfig) -> LlamaConfig:
    """The settings in the terms of transformers. Raises UsageError for a width that has no whole heads."""
    if config.width % HEAD:
        raise UsageError(f"model.language.width={config.width} must be a multiple of {HEAD}, the width of a head")
    return LlamaConfig(  # type: ignore[call-arg]
        vocab_size=CLASSES, hidden_size=config.width, intermediate_size=config.hidden, num_hidden_layers=config.depth,
        num_attention_heads=config.width // HEAD, max_position_embeddings=4 * config.context,
        tie_word_embeddings=True, pad_token_id=PADDING, bos_token_id=END, eos_token_id=END,
        attn_implementation="eager",
    )  # fmt: skip
