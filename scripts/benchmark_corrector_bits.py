"""The byte-level corrector in full precision and in few bits, side by side: size, speed and CER.

    python scripts/benchmark_corrector_bits.py runs/corrector/best --fonts DIR... --corpora DIR... --output bits.csv

The network is saved as transformers has it, with ByT5's tokenizer, and loaded by ocr/correct/llm.py as it was saved
(fp32), in 8 bits (LLM.int8) and in NF4 with double quantization; besides, as ONNX in fp32 and int8, as the light
install has it. Each is the second opinion beside the shipped n-grams on the same rendered lines, in training fonts.
``bytes`` are those of the weights in memory, of the file for ONNX; ``loss`` is the rise of the CER against fp32,
relative; ``milliseconds`` is processor time of a line, all of the correction counted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from calibrate_correction import AT_ONCE, LANGUAGES, STRENGTHS, Labelled, draw, read
from result_rows import append_rows
from transformers import ByT5Tokenizer

from ocr.correct.byte_model import ByteModel, bits_a_character
from ocr.correct.corrector import Corrector
from ocr.correct.language import LanguageModel
from ocr.correct.llm import LargeModelConfig, load_large
from ocr.correct.load import BYTES, load_corrector
from ocr.data.synthetic.fonts import FontLibrary
from ocr.metrics.text import edit_distance
from ocr.models.corrector.onnx_export import export_network
from ocr.models.weights import load_pipeline

GROUPS = ("english", "korean")

Loaded = tuple[LanguageModel, int]
"""A language model and its bytes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path, help="model folder of ocr train corrector")
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=200, help="degraded lines a language")
    parser.add_argument("--seed", type=int, default=303)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    fonts, lines = FontLibrary(arguments.fonts), {}
    for number, name in enumerate(GROUPS):
        seed = [arguments.seed, number]
        images = draw(fonts, arguments.corpora, LANGUAGES[name], STRENGTHS["degraded"], arguments.count, seed)
        lines[name] = read(images)
    full: dict[str, float] = {}
    with variants(arguments.network) as known:
        for name, load in known.items():
            rows = [measured(name, group, labelled, *load()) for group, labelled in lines.items()]
            for row in rows:
                first = full.setdefault(str(row["group"]), float(str(row["cer_after"])))
                row["loss"] = f"{float(str(row['cer_after'])) / first - 1:.4f}"
                print(row, flush=True)
            append_rows(rows, arguments.output)


@contextmanager
def variants(network: Path) -> Iterator[dict[str, Callable[[], Loaded]]]:
    """How each variant is loaded, by name; full precision first."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        load_pipeline(network).corrector.save_pretrained(folder / "hf")
        ByT5Tokenizer(extra_ids=0).save_pretrained(folder / "hf")
        export_network(network, folder / "fp32", int8=False)
        export_network(network, folder / "int8")

        def large(quantization: str) -> Loaded:
            model = load_large(str(folder / "hf"), LargeModelConfig(quantization))
            return model, int(model.model.get_memory_footprint())

        def onnx(name: str) -> Loaded:
            return ByteModel(folder / name / BYTES), (folder / name / BYTES).stat().st_size

        yield {
            "fp32, transformers": lambda: large("none"),
            "int8, bitsandbytes": lambda: large("int8"),
            "NF4, bitsandbytes": lambda: large("nf4"),
            "fp32, ONNX": lambda: onnx("fp32"),
            "int8, ONNX": lambda: onnx("int8"),
        }


def measured(name: str, group: str, labelled: Labelled, model: LanguageModel, size: int) -> dict[str, object]:
    base = load_corrector()
    corrector, began = Corrector(base.language, second=model), time.process_time()
    after = [
        line
        for start in range(0, len(labelled), AT_ONCE)
        for line in corrector.correct_lines([line for _, line in labelled[start : start + AT_ONCE]])
    ]
    seconds = time.process_time() - began
    texts = [text for text, _ in labelled]
    characters = sum(len(text) for text in texts)
    errors = [sum(edit_distance(t, line.text) for t, line in zip(texts, some, strict=True))
              for some in ([line for _, line in labelled], after)]  # fmt: skip
    nats = float(model.score(texts, [" "] * len(texts)).sum())
    return {
        "date": datetime.now(timezone.utc).date().isoformat(), "weights": name, "group": group, "lines": len(labelled),
        "bytes": size, "bits_a_character": f"{bits_a_character(nats, characters):.4f}",
        "cer_before": f"{errors[0] / characters:.5f}", "cer_after": f"{errors[1] / characters:.5f}",
        "milliseconds": f"{1000 * seconds / len(labelled):.2f}",
    }  # fmt: skip


if __name__ == "__main__":
    main()
