"""What ``ocr doctor`` finds out: versions, processor, memory, GPUs, models, other engines, fonts, and what is missing.

Nothing heavy is imported: packages tell their versions by their metadata, a GPU its name by ``nvidia-smi``. Only the
shipped models are really opened.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ocr.errors import OcrError

State = Literal["ok", "missing", "fault"]

SECONDS = 5.0
"""How long another program may take to say its version."""

LETTERS = "가한글"
"""A font that has these can draw Korean in overlays."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. What is ``missing`` is optional; a ``fault`` keeps pages from being read."""

    part: str
    name: str
    state: State
    detail: str
    remedy: str = ""
    """What to type."""


def examine() -> Iterator[Finding]:
    """All findings, part by part."""
    yield from machine()
    yield from packages()
    yield from gpus()
    yield from models()
    yield from engines()
    yield from fonts()


def machine() -> Iterator[Finding]:
    import ocr

    yield Finding("system", "vitocr", "ok", f"{ocr.__version__} in {Path(ocr.__file__).parent}")
    yield Finding("system", "python", "ok", f"{platform.python_version()} in {sys.prefix}")
    yield Finding("system", "system", "ok", platform.platform())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    flags = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if name in cpu_flags()]
    yield Finding("system", "processor", "ok", f"{cores} of {os.cpu_count()} cores for this process; {' '.join(flags)}")
    if (memory := read_text("/proc/meminfo")) and (found := re.findall(r"Mem(Total|Available): +(\d+) kB", memory)):
        sizes = {name: int(kilobytes) / 1e6 for name, kilobytes in found}
        detail = f"{sizes.get('Available', 0):.1f} of {sizes.get('Total', 0):.1f} GB are free"
        yield Finding("system", "memory", "ok", detail)


def cpu_flags() -> set[str]:
    """Names of what the processor can do, where the system tells (Linux)."""
    match = re.search(r"^(?:flags|Features)\s*: (.*)$", read_text("/proc/cpuinfo"), re.MULTILINE)
    return set(match[1].split()) if match else set()


def read_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def packages() -> Iterator[Finding]:
    """The packages of the light install, each by its version, then those of each extra together."""
    required: dict[str, list[str]] = {}
    for line in importlib.metadata.requires("vitocr") or []:
        package = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        wanted_by = re.search(r"extra == [\"'](\w+)", line)
        if package != "vitocr":
            required.setdefault(wanted_by[1] if wanted_by else "", []).append(package)
    for name in required.pop("", []):
        version = version_of(name)
        state: State = "ok" if version else "fault"
        yield Finding("packages", name, state, version or "not installed", "" if version else f"pip install {name}")
    for extra, names in required.items():
        missing = [name for name in dict.fromkeys(names) if version_of(name) is None]
        detail = f"without {', '.join(missing)}" if missing else f"{len(names)} packages"
        remedy = f'pip install "vitocr[{extra}]"' if missing else ""
        yield Finding("extras", extra, "missing" if missing else "ok", detail, remedy)


def version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def gpus() -> Iterator[Finding]:
    """NVIDIA GPUs by their driver, and whether PyTorch is built for them."""
    told = said("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    for line in told.splitlines():
        yield Finding("devices", "gpu", "ok", line)
    torch = version_of("torch")
    if told and torch and "+cpu" in torch:
        yield Finding("devices", "torch", "missing", f"{torch} cannot use the GPU", "pip install --upgrade torch")
    if not told:
        yield Finding("devices", "gpu", "ok", "none found; the processor is used")


def models() -> Iterator[Finding]:
    """Each shipped model, opened for reading."""
    from ocr.pipeline import SHIPPED, load, pipeline_of, shipped

    for name in shipped():
        started = time.monotonic()
        size = sum(file.stat().st_size for file in (SHIPPED / name).rglob("*") if file.is_file()) / 1e6
        try:
            load(name)
        except (OcrError, ImportError, OSError) as error:
            remedy = "pip install --force-reinstall --no-deps vitocr"
            yield Finding("models", name, "fault", " ".join(str(error).split()), remedy)
            continue
        seconds = time.monotonic() - started
        yield Finding("models", name, "ok", f"{pipeline_of(SHIPPED / name)}, {size:.1f} MB, opened in {seconds:.2f} s")
    if not shipped():
        yield Finding("models", "weights", "fault", "none are in the package", "pip install --force-reinstall vitocr")


def engines() -> Iterator[Finding]:
    """Other engines for ``ocr eval --against``."""
    if shutil.which("tesseract") is None:
        remedy = "apt-get install tesseract-ocr tesseract-ocr-eng tesseract-ocr-kor"
        yield Finding("engines", "tesseract", "missing", "not installed", remedy)
    else:
        version = said("tesseract", "--version").splitlines() or ["tesseract"]
        languages = [line for line in said("tesseract", "--list-langs").splitlines()[1:] if line != "osd"]
        detail = f"{version[0].removeprefix('tesseract ')} with {' '.join(languages) or 'no languages'}"
        wanting = [name for name in ("eng", "kor") if name not in languages]
        remedy = f"apt-get install {' '.join(f'tesseract-ocr-{name}' for name in wanting)}" if wanting else ""
        yield Finding("engines", "tesseract", "missing" if wanting else "ok", detail, remedy)
    rapid = version_of("rapidocr")
    remedy = "" if rapid else "pip install rapidocr"
    yield Finding("engines", "rapidocr", "ok" if rapid else "missing", rapid or "not installed", remedy)


def fonts() -> Iterator[Finding]:
    """Whether ``--overlay`` can draw Korean."""
    try:
        from ocr.writers.overlay import find_font
    except ImportError as error:
        yield Finding("fonts", "korean", "fault", str(error), "pip install --force-reinstall vitocr")
        return
    if find_font(LETTERS) is None:
        detail = "no font; --overlay numbers Korean lines instead of drawing them"
        yield Finding("fonts", "korean", "missing", detail, "apt-get install fonts-nanum")
    else:
        yield Finding("fonts", "korean", "ok", "--overlay can draw Hangul")


def said(*command: str) -> str:
    """Standard output of another program; empty if it is not there, fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
