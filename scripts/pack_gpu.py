"""Pack what training needs into one small folder that travels to a GPU machine without network; see train_gpu.sh.

    python scripts/pack_gpu.py --fonts /usr/share/fonts --corpora TEXTS [--sets SET ...] [--initial MODEL]

Writes `.gpu/` (ignored by git): fonts.tar.xz, corpora.tar, sets.tar, initial/ and wheels/. Fonts: one face of each
family, then the second of each and so on, as far as they fit; evaluation-only families too, which training leaves out
and validation takes. Corpora: the first --lines paragraphs of each file. Wheels: what the GPU image lacks (WHEELS), for
Python 3.12 on x86-64. Sets: their train and val parts whole, so choose few.
"""

from __future__ import annotations

import argparse
import gzip
import io
import itertools
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from ocr.data.synthetic.fonts import EVALUATION_ONLY, SYMBOL_FONTS, Face, FontLibrary, evaluation_library

WHEELS = (
    "albumentations==2.0.8",
    "albucore==0.0.24",
    "stringzilla==5.3.2",
    "simsimd==6.5.16",
    "pydantic==2.11.7",
    "pydantic-core==2.33.2",
    "annotated-types",
    "typing-inspection",
)
"""Read off the image's package list; torch, timm, onnx, OpenCV, Pillow, fontTools, safetensors and typer are there."""

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
LARGEST_FONT = 9_000_000
"""Bytes; larger files (collections for four scripts) would push out ten families each."""

COMPRESSED = 0.55
"""What xz leaves of font files, about."""


def choose_fonts(families: list[list[Face]], room: float) -> list[Path]:
    """Font files, one of each family at a time, of at most ``room`` bytes in all."""
    chosen: list[Path] = []
    for round_of_faces in itertools.zip_longest(*families):
        for face in round_of_faces:
            if face is None or face.path in chosen:
                continue
            size = face.path.stat().st_size
            if size <= min(room, LARGEST_FONT):
                chosen.append(face.path)
                room -= size
    return chosen


def pack_fonts(folders: list[Path], target: Path, room: float) -> int:
    """Half of the room for Korean, whose files are large, a fifth for evaluation. Returns the number of files."""
    library = FontLibrary(folders, EVALUATION_ONLY + SYMBOL_FONTS)
    evaluation = evaluation_library(folders)
    files = choose_fonts(library.korean, 0.5 * room) + choose_fonts(library.latin, 0.3 * room)
    files += choose_fonts(evaluation.korean, 0.15 * room) + choose_fonts(evaluation.latin, 0.05 * room)
    with tarfile.open(target, "w:xz") as archive:
        for path in dict.fromkeys(files):
            archive.add(path, f"fonts/{path.parent.name}/{path.name}")  # the folder's name tells the group
    return len(set(files))


def pack_corpora(folders: list[Path], target: Path, lines: int) -> None:
    """The first ``lines`` lines of each file, compressed one by one as TextSampler reads them."""
    with tarfile.open(target, "w") as archive:
        for file in sorted(path for folder in folders for path in folder.glob("*/*.txt*")):
            read = gzip.open if file.suffix == ".gz" else open
            with read(file, "rt", encoding="utf-8") as opened:
                text = "".join(itertools.islice(opened, lines))
            data = gzip.compress(text.encode(), mtime=0)
            entry = tarfile.TarInfo(f"corpora/{file.parent.name}/{file.name.removesuffix('.gz')}.gz")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def pack_sets(folders: list[Path], target: Path) -> None:
    """Labelled sets whole: their pictures are compressed already."""
    with tarfile.open(target, "w") as archive:
        for folder in folders:
            archive.add(folder, f"sets/{folder.resolve().name}")


def fetch_wheels(target: Path) -> None:
    """Wheels for the machine's Python, without their requirements. Raises CalledProcessError if one cannot be had."""
    platforms = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    target_options = ["--python-version", "3.12", "--implementation", "cp", *platforms, "-d", str(target)]
    subprocess.run([*command, *target_options, *WHEELS], check=True)


def total_size(folder: Path) -> float:
    """Megabytes (2**20 bytes)."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, action="append", required=True)
    parser.add_argument("--corpora", type=Path, action="append", required=True)
    parser.add_argument("--sets", type=Path, nargs="*", default=[])
    parser.add_argument("--initial", type=Path, help="model folder to start from")
    parser.add_argument("--lines", type=int, default=4000, help="paragraphs of each corpus file")
    parser.add_argument("--megabytes", type=float, default=40.0, help="of the whole folder")
    parser.add_argument("--output", type=Path, default=Path(".gpu"))
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    options.output.mkdir(parents=True)
    fetch_wheels(options.output / "wheels")
    pack_corpora(options.corpora, options.output / "corpora.tar", options.lines)
    pack_sets(options.sets, options.output / "sets.tar")
    if options.initial:
        shutil.copytree(options.initial, options.output / "initial", ignore=shutil.ignore_patterns("*.onnx"))
    room = options.megabytes - total_size(options.output)
    if room < 5:
        raise SystemExit(
            f"only {room:.1f} MB of --megabytes {options.megabytes} left for fonts: fewer --sets or --lines"
        )
    count = pack_fonts(options.fonts, options.output / "fonts.tar.xz", room * 2**20 / COMPRESSED)
    for path in sorted(options.output.iterdir()):
        size = total_size(path) if path.is_dir() else path.stat().st_size / 2**20
        print(f"{size:6.1f} MB  {path}")
    print(f"{total_size(options.output):6.1f} MB in all, {count} font files")


if __name__ == "__main__":
    main()
