"""An image file as PDF pages that hold its own data: JPEG and PNG streams as they are, the rest packed without loss.

Black-and-white pages are packed by CCITT group 4, all others as PNG packs them. A page is as large as the image says in
its resolution; without one its long side is that of A4. Runs inside :mod:`ocr.writers.pdf_worker`.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import BinaryIO, NamedTuple

from PIL import Image

from ocr.data.image_file import SUBFILE_TYPE_TAG, check_size, describe, orientation, to_rgb
from ocr.errors import InputError

LONG_SIDE = 297 / 25.4 * 72
"""Points; of a page whose image does not tell its resolution."""

PLAUSIBLE_DPI = (50.0, 2400.0)
SCREEN_DPI = 96.0
"""Cameras and drawing programs that know no resolution write 72 or 96: believed only where the page stays within A3."""

A3_SIDE = 420 / 25.4 * 72
LONGEST_SIDE = 14_400.0
"""Points, the limit of PDF viewers."""

COLOUR_SPACES = {1: b"/DeviceGray", 3: b"/DeviceRGB", 4: b"/DeviceCMYK"}
PROFILE_SPACES = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
PLACES = {  # a b c d e f of the unit square, by EXIF orientation, in widths (w) and heights (h) of the displayed page
    1: "w 0 0 h 0 0",
    2: "-w 0 0 h w 0",
    3: "-w 0 0 -h w h",
    4: "w 0 0 -h 0 h",
    5: "0 -h -w 0 w h",
    6: "0 -h w 0 0 h",
    7: "0 h w 0 0 0",
    8: "0 h -w 0 w 0",
}


class Picture(NamedTuple):
    """The data of an image and the entries of its PDF dictionary that say how to unpack them."""

    data: bytes
    entries: bytes
    profile: bytes | None = None
    channels: int = 3


class ImageFile:
    """An open image file whose pages are taken in rising order. Raises InputError if it cannot be opened."""

    def __init__(self, file: BinaryIO, kind: str, max_pixels: int) -> None:
        self.file, self.kind, self.max_pixels = file, kind, max_pixels
        try:
            file.seek(0)
            self.image = Image.open(file, formats=[kind])
        except Exception as error:
            raise InputError(*describe(error)) from error
        self._frame, self._number = 0, 1

    def page(self, number: int) -> bytes:
        """Page ``number`` (from 1, as :func:`~ocr.data.image_file.read_image_pages` counts) as a PDF of one page."""
        try:
            self._seek(number)
            check_size(*self.image.size, self.max_pixels)
            picture = self._picture()
        except InputError:
            raise
        except Exception as error:
            raise InputError(*describe(error)) from error
        turned = 1 if self.kind == "TIFF" else orientation(self.image)  # Pillow turns TIFF pages by itself
        return one_page(picture, self.image.size, turned, page_scale(self.image))

    def _seek(self, number: int) -> None:
        """Thumbnails and masks of other pages are no pages."""
        while self._number < number:
            self._frame += 1
            self.image.seek(self._frame)
            if not int(getattr(self.image, "tag_v2", {}).get(SUBFILE_TYPE_TAG, 0)) & 0b101:
                self._number += 1

    def _picture(self) -> Picture:
        if self.kind == "JPEG" and self.image.mode in ("L", "RGB", "CMYK"):
            self.file.seek(0)
            return jpeg_picture(self.file.read(), self.image)
        if self.kind == "PNG":
            self.file.seek(0)
            picture = png_picture(self.file.read(), self.image.info.get("icc_profile"))
            if picture is not None:
                return picture
        self.image.load()
        if self.image.mode == "1":
            return bilevel_picture(self.image)
        plain = self.image.mode in ("L", "RGB", "P") and not self.image.has_transparency_data
        packed = io.BytesIO()
        (self.image if plain else to_rgb(self.image)).save(packed, "PNG")
        picture = png_picture(packed.getvalue(), self.image.info.get("icc_profile") if plain else None)
        assert picture is not None, "Pillow wrote an interlaced or transparent PNG"
        return picture


def jpeg_picture(data: bytes, image: Image.Image) -> Picture:
    channels = len(image.getbands())
    entries = b"/Filter /DCTDecode /BitsPerComponent 8"
    if channels == 4 and "adobe" in image.info:
        entries += b" /Decode [1 0 1 0 1 0 1 0]"  # Adobe's programs store CMYK upside down
    return Picture(data, entries, image.info.get("icc_profile"), channels)


def png_picture(data: bytes, profile: bytes | None) -> Picture | None:
    """None for what PDF cannot unpack as it is: interlaced images and transparent ones."""
    width, depth, colour, interlaced = struct.unpack(">I4xBBxxB", data[16:29])
    chunks = png_chunks(data)
    if interlaced or colour not in (0, 2, 3) or b"tRNS" in chunks:
        return None
    channels = 3 if colour == 2 else 1
    entries = b"/Filter /FlateDecode /BitsPerComponent %d /DecodeParms << /Predictor 15 /Colors %d " % (depth, channels)
    entries += b"/BitsPerComponent %d /Columns %d >>" % (depth, width)
    if colour == 3:
        palette = chunks[b"PLTE"]
        entries += b" /ColorSpace [/Indexed /DeviceRGB %d <%s>]" % (len(palette) // 3 - 1, palette.hex().encode())
        return Picture(chunks[b"IDAT"], entries, None, 0)
    return Picture(chunks[b"IDAT"], entries, profile, channels)


def png_chunks(data: bytes) -> dict[bytes, bytes]:
    """Contents of the chunks by their names; those of one name are joined."""
    chunks: dict[bytes, bytearray] = {}
    place = 8
    while place + 8 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        chunks.setdefault(data[place + 4 : place + 8], bytearray()).extend(data[place + 8 : place + 8 + length])
        place += length + 12
    return {name: bytes(content) for name, content in chunks.items()}


def bilevel_picture(image: Image.Image) -> Picture:
    """CCITT group 4 by Pillow's TIFF writer, in one strip."""
    width, height = image.size
    packed = io.BytesIO()
    image.save(packed, "TIFF", compression="group4", strip_size=math.ceil(width / 8) * height)
    with Image.open(packed) as tiff:
        tags = tiff.tag_v2  # type: ignore[attr-defined]
        (start,), (length,) = tags[273], tags[279]
        black_is_one = tags[262] == 1
    entries = b"/Filter /CCITTFaxDecode /BitsPerComponent 1 /DecodeParms << /K -1 /Columns %d /Rows %d " % (
        width,
        height,
    )
    entries += b"/BlackIs1 %s >>" % (b"true" if black_is_one else b"false")
    return Picture(packed.getvalue()[start : start + length], entries, None, 1)


def page_scale(image: Image.Image) -> tuple[float, float]:
    """Points a pixel, across and down."""
    width, height = image.size
    stored = image.info.get("dpi") or (0.0, 0.0)
    dots = [float(value) for value in stored]
    if all(PLAUSIBLE_DPI[0] <= value <= PLAUSIBLE_DPI[1] for value in dots) and len(dots) == 2:
        scale = (72 / dots[0], 72 / dots[1])
        longest = A3_SIDE if max(dots) <= SCREEN_DPI else LONGEST_SIDE
        if max(width * scale[0], height * scale[1]) <= longest:
            return scale
    even = LONG_SIDE / max(width, height)
    return even, even


def one_page(picture: Picture, size: tuple[int, int], turned: int, scale: tuple[float, float]) -> bytes:
    """A PDF whose only page shows the picture, upright and over its whole area."""
    width, height = size[0] * scale[0], size[1] * scale[1]
    if turned > 4:
        width, height = height, width
    numbers = {"w": width, "-w": -width, "h": height, "-h": -height, "0": 0.0}
    matrix = " ".join(f"{numbers[name]:.4f}" for name in PLACES.get(turned, PLACES[1]).split())
    content = f"q {matrix} cm /Im Do Q".encode()
    entries, profile = picture.entries, usable_profile(picture)
    if b"/ColorSpace" not in entries:
        space = COLOUR_SPACES[picture.channels]
        entries += b" /ColorSpace " + (b"[/ICCBased 6 0 R]" if profile else space)
    page = f"/Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.4f} {height:.4f}] /Contents 4 0 R".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< " + page + b" /Resources << /XObject << /Im 5 0 R >> >> >>",
        stream(b"", content),
        stream(b"/Type /XObject /Subtype /Image /Width %d /Height %d " % size + entries, picture.data),
    ]
    if profile:
        objects.append(stream(b"/N %d /Filter /FlateDecode" % picture.channels, zlib.compress(profile)))
    return assemble(objects)


def usable_profile(picture: Picture) -> bytes | None:
    """The colour profile if it is one of as many channels as the picture has."""
    if not picture.profile or picture.profile[16:20] != PROFILE_SPACES.get(picture.channels):
        return None
    return picture.profile


def stream(entries: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def assemble(objects: list[bytes]) -> bytes:
    """A PDF file of these objects, the first of which is its catalogue."""
    file = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(file)
