"""Label files and pictures that the tests of label formats write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ocr.data.samples import Sample
from ocr.document import Page

BOX = [[10, 10], [90, 10], [90, 30], [10, 30]]
PAGE_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
PAGE_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="{PAGE_NAMESPACE}"><Page imageFilename="IMAGE" imageWidth="200" imageHeight="100">
 <ReadingOrder><OrderedGroup id="g">
  <RegionRefIndexed index="1" regionRef="r1"/><RegionRefIndexed index="0" regionRef="r2"/></OrderedGroup></ReadingOrder>
 <TextRegion id="r1"><Coords points="0,0 200,0 200,40 0,40"/>
  <TextLine id="l1"><Coords points="10,5 50,2 90,5 90,25 50,28 10,25"/><Baseline points="10,22 90,22"/>
   <Word id="w2"><Coords points="55,5 90,5 90,25 55,25"/><TextEquiv><Unicode>two</Unicode></TextEquiv></Word>
   <Word id="w1"><Coords points="10,5 50,5 50,25 10,25"/><TextEquiv><Unicode>one</Unicode></TextEquiv>
    <Glyph><Coords points="10,5 20,5 20,25 10,25"/><TextEquiv><Unicode>o</Unicode></TextEquiv></Glyph></Word>
   <TextEquiv index="1"><Unicode>worse</Unicode></TextEquiv><TextEquiv index="0"><Unicode>one two</Unicode></TextEquiv>
  </TextLine>
  <TextLine id="l2"><Coords points="10,30 90,30 90,39 10,39"/></TextLine></TextRegion>
 <TextRegion id="r2"><Coords points="0,50 200,50 200,90 0,90"/>
  <TextLine id="l3"><Coords points="10,55 90,55 90,75 10,75"/><TextEquiv><Unicode>first</Unicode></TextEquiv></TextLine>
 </TextRegion>
</Page></PcGts>"""


def draw(path: Path, size: tuple[int, int] = (200, 100)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, 255).save(path)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def only_page(samples: Sequence[Sample]) -> Page:
    assert len(samples) == 1 and samples[0].page is not None
    return samples[0].page
