"""Pages of all modules from their docstrings, built by pdoc.

python scripts/build_api_pages.py build/api
"""

from __future__ import annotations

import argparse
import pkgutil
from pathlib import Path

import pdoc

import ocr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    for name in ocr.__all__:  # imported when used otherwise, and pdoc looks into the module
        setattr(ocr, name, getattr(ocr, name))
    modules = [module.name for module in pkgutil.walk_packages(ocr.__path__, "ocr.")]
    pdoc.pdoc("ocr", *(name for name in modules if not name.endswith("__main__")), output_directory=output)
    print(f"{len(list(output.rglob('*.html')))} pages in {output}")


if __name__ == "__main__":
    main()
