"""The shape of the repository: packages, links, which module may import which, and what the light install takes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli", reason="Python 3.10 reads TOML with tomli, which pytest brings")

ROOT = Path(__file__).parents[1]
CODE = {"ocr": ROOT / "ocr", "ocr.data": ROOT / "data", "ocr.models": ROOT / "models"}
LINKS = {"ocr/data": "../data", "ocr/models": "../models"}

LAYERS = (
    {"errors", "interruptible", "polygon", "text_table"},
    {"document"},
    {"metrics", "page_direction"},
    {"data"},
    {"models"},
    {"correct"},
    {
        "pipeline",
        "config",
        "distributed",
        "stop_signals",
        "bad_batch",
        "run_folder",
        "time_shares",
        "time_limit",
    },
    {"predict", "checkpoint", "forgetting", "label_characters", "parameters", "reference_models"},
    {"teacher_labels", "reader", "reading_processes"},
    {"step_back", "run_warnings", "run_curves", "run_record", "wandb_log"},
    {"export", "writers", "peers", "scoring", "model_memory", "parameter_plot", "run_report"},
    {"run_samples", "run_card", "run_compare"},
    {"training_log"},
    {"train_state", "early_stop", "parameter_groups", "compile_network"},
    {"train"},
    {"evaluate", "adapter", "catalogue", "rate_finder", "doctor", "ocrmypdf_plugin"},
    {"export_int8", "prune", "compression_table"},
    {"report", "catalogue_report", "correction_report"},
    {"correction_html"},
    {"commands"},
    {"cli"},
    {"__main__"},
)
"""Modules and packages of ``ocr``, lowest first: each imports only from layers below its own (and from itself)."""

READING = (
    "ocr.cli",
    "ocr.catalogue",
    "ocr.catalogue_report",
    "ocr.doctor",
    "ocr.parameter_plot",
    "ocr.commands.correcting",
    "ocr.commands.doctor",
    "ocr.commands.models",
    "ocr.commands.predict",
    "ocr.commands.progress",
    "ocr.commands.runs",
    "ocr.run_compare",
    "ocr.run_report",
    "ocr.correct.load",
    "ocr.correct.reader",
    "ocr.predict",
    "ocr.reader",
    "ocr.reading_processes",
    "ocr.pipeline",
    "ocr.data.pages",
    "ocr.data.decode_worker",
    "ocr.models.end2end.onnx_reader",
    "ocr.models.two_stage.onnx_reader",
    "ocr.writers",
    "ocr.writers.alto",
    "ocr.writers.hocr",
    "ocr.writers.md",
    "ocr.writers.overlay",
    "ocr.writers.page",
    "ocr.writers.pdf",
    "ocr.writers.pdf_worker",
    "ocr.writers.several",
    "ocr.writers.tsv",
)
"""Modules that reading pages and listing models take; they and all that they import belong to the light install."""

IMPORT_NAMES = {
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "types-pyyaml": "yaml",
    "fonttools": "fontTools",
    "python-multipart": "multipart",
}
"""Import names of distributions that are called otherwise on the package index."""

PEERS = {"rapidocr"}
"""Engines that ``ocr eval --against`` compares with if the user installed them; no extra of ours brings them."""

LONGEST_FILE = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return data


@cache
def modules() -> dict[str, Path]:
    """Dotted names, as imported, and files of all our modules."""
    found = {}
    for package, folder in CODE.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if package == "ocr" and parts[0] in ("data", "models"):
                continue  # the links, on Python 3.10 to 3.12, whose rglob follows them
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


@cache
def imports(module: str, inside_functions: bool = True) -> frozenset[str]:
    """Modules (dotted, as far as ours are concerned) that a module imports when it runs, not for types alone."""
    return frozenset(_imports(ast.parse(modules()[module].read_text(encoding="utf-8")), inside_functions))


def _imports(node: ast.AST, inside_functions: bool) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, f"line {child.lineno}: a relative import; write the full name"
            names = [f"{child.module}.{alias.name}" for alias in child.names]
            yield from (name if name in modules() else str(child.module) for name in names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from (name for other in child.orelse for name in _imports(other, inside_functions))
        elif inside_functions or not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _imports(child, inside_functions)


def part(module: str) -> str:
    """The name under ``ocr`` that stands in LAYERS."""
    return module.split(".")[1] if "." in module else ""


def distribution_name(requirement: str) -> str:
    """``torch`` of ``torch>=2.3``."""
    match = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert match, requirement
    return match.group().lower()


def import_names(requirements: list[str]) -> set[str]:
    """Import names of requirements, without the package's own extras."""
    names = {distribution_name(requirement) for requirement in requirements} - {"vitocr"}
    return {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in names}


def third_party(names: frozenset[str]) -> set[str]:
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"ocr"}


def test_the_packages_list_is_that_of_the_folders(project: dict[str, Any]) -> None:
    folders = {".".join(name.split(".")[:-1]) for name in modules() if name.count(".")} | set(CODE)
    assert set(project["tool"]["setuptools"]["packages"]) == folders


def test_every_package_has_an_init_file() -> None:
    for name, path in modules().items():
        assert (path.parent / "__init__.py").exists(), f"{name}: its folder has no __init__.py"


@pytest.mark.parametrize(("link", "target"), LINKS.items())
def test_links_are_tracked_as_links(link: str, target: str) -> None:
    assert (ROOT / link).resolve() == (ROOT / link).parent.joinpath(target).resolve()
    listed = subprocess.run(["git", "ls-files", "--stage", link], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout here")
    assert listed.stdout.startswith("120000 "), f"{link} is not tracked as a symbolic link"


@pytest.mark.parametrize("module", modules())
def test_imports_point_one_way(module: str) -> None:
    levels = {name: level for level, names in enumerate(LAYERS) for name in names}
    own = part(module)
    if not own:
        return  # ocr/__init__.py, whose names are imported when they are used
    assert own in levels, f"ocr.{own} is new: give it a place in LAYERS"
    for name in imports(module):
        if name.startswith("ocr.") and part(name) != own:
            assert levels[part(name)] < levels[own], f"{module} imports {name}, which stands above or beside it"


@pytest.mark.parametrize("module", modules())
def test_imports_are_declared(module: str, project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    declared = import_names(project["project"]["dependencies"] + [r for extra in extras.values() for r in extra])
    assert third_party(imports(module)) <= declared | PEERS


def test_reading_takes_the_light_install_alone_and_all_of_it(project: dict[str, Any]) -> None:
    waiting, seen = list(READING), set(READING)
    while waiting:
        for name in imports(waiting.pop(), inside_functions=False):
            if name in modules() and name not in seen:
                seen.add(name)
                waiting.append(name)
    light = import_names(project["project"]["dependencies"])
    needed = set().union(*(third_party(imports(module, inside_functions=False)) for module in seen))
    assert needed <= light
    used = set().union(*(third_party(imports(module)) for module in modules()))
    assert light <= used, "a dependency of the light install that nothing imports"


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, ocr, ocr.cli; print(*(m for m in ('torch', 'cv2', 'numpy', 'onnxruntime') if m in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.split() == []


def test_configurations_are_valid_yaml_with_a_comment() -> None:
    for path in (ROOT / "ocr" / "configs").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("#"), f"{path.name} does not say what it is"
        assert isinstance(yaml.safe_load(text), dict)


def test_no_vague_names() -> None:
    for path in (p for folder in (*CODE.values(), ROOT / "tests", ROOT / "scripts") for p in folder.rglob("*.py")):
        assert path.stem not in VAGUE_NAMES and path.parent.name not in VAGUE_NAMES, f"{path}: name it after its task"


def test_files_stay_short() -> None:
    for path in modules().values():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            warnings.warn(
                f"{path.relative_to(ROOT)} has {lines} lines; over {LONGEST_FILE} it should be split", stacklevel=1
            )


def test_no_paths_of_one_machine() -> None:
    for path in (p for folder in (*CODE.values(), ROOT / "scripts", ROOT / "examples") for p in folder.rglob("*")):
        if path.suffix in (".py", ".sh", ".md", ".yaml"):
            text = path.read_text(encoding="utf-8")
            found = re.findall(r"(?<![\w.])/(?:work|root|home)/\w+", text)
            assert not found, f"{path.relative_to(ROOT)} names {found[0]}, which other machines do not have"
