"""Image files to RGB pages: PNG, JPEG, TIFF (all its pages), WebP and BMP, decoded by Pillow.

Runs inside the decode worker (:mod:`ocr.data.decode_worker`), so nothing here may import OpenCV or ONNX Runtime, and
NumPy only where an image needs it: starting the worker is part of the cold start of ``ocr predict``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image, ImageFile

from ocr.errors import Failure, InputError, InputErrorCode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The size is checked by check_size, with our own limit and message.
Image.MAX_IMAGE_PIXELS = None

ORIENTATION_TAG = 0x0112
SUBFILE_TYPE_TAG = 254  # TIFF: bit 0 is a thumbnail, bit 2 a transparency mask of another page

TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

MAX_FRAMES = 100_000
MAX_JPEG_SCANS = 500  # a progressive photo has about 10; libjpeg-turbo's own fuzzers stop at 500
WHITE = (255, 255, 255)


def read_image_pages(
    file: BinaryIO, image_format: str, wanted: Callable[[int], bool], max_pixels: int, *, allow_truncated: bool
) -> Iterator[tuple[int, Image.Image | Failure]]:
    """The wanted pages with their numbers (from 1), as RGB images or why they are none.

    Only TIFF files have more than one page; thumbnails and masks of other pages are no pages. Of an animation the first
    frame is taken. ``image_format`` is Pillow's name of the format. An image that was read although it is truncated has
    ``info["truncated"]`` set. Raises :class:`~ocr.errors.InputError` if the file cannot be opened at all.
    """
    if image_format == "JPEG":
        check_scans(file)
    image = _open(file, image_format)
    number = 0
    for frame in range(MAX_FRAMES if image_format == "TIFF" else 1):
        reached = frame == 0 or _seek(image, frame)
        if isinstance(reached, Failure):
            yield number + 1, reached
        if reached is not True:
            return
        if frame > 0 and int(getattr(image, "tag_v2", {}).get(SUBFILE_TYPE_TAG, 0)) & 0b101:
            continue
        number += 1
        if wanted(number):
            page = _page(image, max_pixels)
            if allow_truncated and isinstance(page, Failure) and page.code == "truncated":
                page = _truncated_page(file, image_format, frame, max_pixels)
            yield number, page


def _open(file: BinaryIO, image_format: str) -> Image.Image:
    try:
        file.seek(0)
        return Image.open(file, formats=[image_format])
    except Exception as error:  # Pillow raises OSError, ValueError, TypeError, SyntaxError, KeyError and more
        raise InputError(*describe(error)) from error


def _seek(image: Image.Image, frame: int) -> bool | Failure:
    """Go to a frame; False after the last one."""
    try:
        image.seek(frame)
    except EOFError:
        return False
    except Exception as error:
        return Failure(*describe(error))
    return True


def _page(image: Image.Image, max_pixels: int) -> Image.Image | Failure:
    try:
        check_size(*image.size, max_pixels)
        image.load()
        return upright(to_rgb(image), orientation(image))
    except InputError as error:
        return error.failure
    except Exception as error:
        return Failure(*describe(error))


def _truncated_page(file: BinaryIO, image_format: str, frame: int, max_pixels: int) -> Image.Image | Failure:
    """The same frame once more, with what is missing left grey or black."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image = _open(file, image_format)
        if frame:
            image.seek(frame)
        page = _page(image, max_pixels)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    if not isinstance(page, Failure):
        page.info["truncated"] = True
    return page


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises :class:`InputError` (``too_large`` or ``damaged``) before any pixel is decoded."""
    if width < 1 or height < 1:
        raise InputError("damaged", f"its size is {width} x {height} pixels; a page has at least one")
    if width * height > max_pixels:
        size = f"{width} x {height} pixels are more than the limit of {max_pixels:,}"
        raise InputError("too_large", f"{size}; raise it with --max-pixels if you trust the file")


def check_scans(file: BinaryIO) -> None:
    """Refuse a JPEG with hundreds of progressive scans: a few kilobytes that take minutes to decode."""
    scans = file.read().count(b"\xff\xda")
    file.seek(0)
    if scans > MAX_JPEG_SCANS:
        raise InputError("damaged", f"the JPEG image has {scans} scans; at most {MAX_JPEG_SCANS} are decoded")


def describe(error: Exception) -> tuple[InputErrorCode, str]:
    """Error code and one plain sentence for whatever Pillow raised."""
    if isinstance(error, MemoryError):
        return "out_of_memory", "there is not enough memory to decode the image"
    text = " ".join(str(error).split())
    lowered = text.lower()
    if "truncated" in lowered or "unexpected end" in lowered or isinstance(error, EOFError | struct.error):
        return "truncated", "the image is truncated (use --allow-truncated to read what is there)"
    if isinstance(error, NotImplementedError) or "unsupported" in lowered or "unknown pixel mode" in lowered:
        return "unsupported", f"this kind of image is not supported ({shorten(text)})"
    if isinstance(error, OSError | ValueError) and text and "<" not in text:
        return "damaged", f"the image is damaged ({shorten(text)})"
    return "damaged", "the image is damaged"


def shorten(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def orientation(image: Image.Image) -> int:
    """EXIF or TIFF orientation, 1 to 8; 1 where it is missing or cannot be read. Pillow turns TIFF pages by itself."""
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # damaged metadata must not cost the pixels
        return 1


def upright(image: Image.Image, exif_orientation: int) -> Image.Image:
    """The image as a viewer displays it."""
    method = TRANSPOSES.get(exif_orientation)
    return image if method is None else image.transpose(method)


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as 8-bit RGB: transparency laid over white, deep grey levels scaled to 0-255."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in ("La", "RGBa"):  # premultiplied alpha converts to its plain form only
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return scale_grey(image).convert("RGB")
    if image.has_transparency_data:
        return over_white(image)
    if image.mode == "CMYK":
        return cmyk_to_rgb(image)
    return image.convert("RGB")


def over_white(image: Image.Image) -> Image.Image:
    """Lay the image over white paper. BMP writers often leave the fourth byte 0: then it is no transparency."""
    coloured = image.convert("RGBA")
    alpha = coloured.getchannel("A")
    if image.format == "BMP" and alpha.getextrema() == (0, 0):
        return coloured.convert("RGB")
    page = Image.new("RGB", image.size, WHITE)
    page.paste(coloured.convert("RGB"), mask=alpha)
    return page


def cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """By the embedded profile where there is a good one, otherwise by plain subtraction."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            import io

            from PIL import ImageCms

            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except Exception:  # a damaged or foreign profile: the plain conversion is readable too
            pass
    return image.convert("RGB")


def scale_grey(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float grey levels as 8-bit grey; Pillow alone would clip them to white."""
    import numpy as np

    levels = np.asarray(image).astype(np.float32)  # (H, W)
    levels = np.nan_to_num(levels, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = grey_range(levels, integer=image.mode != "F")
    levels -= low
    levels *= 255.0 / (high - low)
    return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8))


def grey_range(levels: NDArray[np.float32], *, integer: bool) -> tuple[float, float]:
    """The values that mean black and white: the usual depth that holds all levels, or else their own extremes.

    Whole numbers are taken as 8, 10, 12 or 16 bits deep, fractions as 0 to 1 or 0 to 255.
    """
    low, high = float(levels.min()), float(levels.max())
    depths = (255.0, 1023.0, 4095.0, 65535.0) if integer else (1.0, 255.0)
    if low >= 0:
        for top in depths:
            if high <= top:
                return 0.0, top
    return low, high if high > low else low + 1.0
