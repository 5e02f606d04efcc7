"""Parsing XML that comes from strangers: the standard library, with document type declarations refused.

Without a DOCTYPE there are no entities to expand, so neither the "billion laughs" nor external files can be reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import IMAGE_SUFFIXES, resolve_image
from ocr.errors import InputError, UsageError

Element = ElementTree.Element


class _NoDoctype(ElementTree.TreeBuilder):
    def doctype(self, name: str, public: str | None, system: str | None) -> NoReturn:
        raise ValueError("it has a DOCTYPE, which is refused because it may define entities; remove that line")


def parse_xml(path: Path) -> Element:
    """The root element, with namespaces stripped from all tags. Raises InputError."""
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        parser.feed(path.read_bytes())
        root: Element = parser.close()
    except ElementTree.ParseError as error:
        raise InputError("damaged", f"{path}:{error.position[0]}: not well-formed XML ({error}); repair it") from error
    except (ValueError, LookupError) as error:
        raise InputError("unsupported", f"{path}: {error}") from error
    except OSError as error:
        raise InputError("not_found", f"{path}: cannot be read ({error.strerror})") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def label_files(path: Path, root_tag: str) -> list[Path]:
    """The XML files with this root: the file itself, or those of the folder or of its folder ``page`` or ``alto``."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".xml" and _has_root(path, root_tag) else []
    for folder in (path, path / "page", path / "alto"):
        found = [file for file in sorted(folder.glob("*.xml")) if _has_root(file, root_tag)]
        if found:
            return found
    return []


def find_image(xml: Path, name: str, options: LabelOptions) -> Path:
    """The image of a page: the one it names, else one beside the XML (or one folder up) with the same stem.

    Names inside such files are often paths of another machine; those are never followed unless ``allow_outside``.
    An image that is missing is returned as named: the checks find and count it. Raises UsageError (leaves the set).
    """
    folders = [xml.parent, xml.parent.parent]  # Transkribus and OCR-D keep the XML in a folder of its own
    refusal = None
    for folder in folders if name else []:
        try:
            image = resolve_image(folder, name.removeprefix("file://"), options, str(xml))
        except UsageError as error:
            refusal = error
            continue
        if image.is_file():
            return image
    for folder in folders:
        for suffix in IMAGE_SUFFIXES:
            for sibling in (folder / f"{xml.stem}{suffix}", folder / f"{xml.stem}{suffix.upper()}"):
                if sibling.is_file():
                    return resolve_image(folder, sibling.name, options, str(xml))
    if refusal is not None:
        raise refusal
    return folders[0] / (Path(name).name or f"{xml.stem}.png")


def children(element: Element, tag: str) -> Iterator[Element]:
    """Direct children with this tag."""
    return (child for child in element if child.tag == tag)


def parse_points(text: str | None) -> list[tuple[float, float]]:
    """``"1,2 3,4"`` or ``"1 2 3 4"`` as pairs; empty for no text. Raises ValueError for an odd count."""
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text or "")]
    if len(numbers) % 2:
        raise ValueError(f"points {text!r} hold an odd count of numbers")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _has_root(path: Path, tag: str) -> bool:
    with path.open("rb") as file:
        head = file.read(8192).replace(b"\0", b"")  # UTF-16 is recognised too
    return re.search(rb"<(?:[\w.-]+:)?" + tag.encode() + rb"[\s>]", head) is not None
