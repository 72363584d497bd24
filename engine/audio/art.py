"""Album art of a music file: the picture in its tags, or else the cover in its folder.

Pictures are untrusted input, so bytes and, before decoding, pixels are bounded. A small PNG is used as it is; anything
else is scaled, and pixels are decoded, with Pillow (the extra `art`), which is loaded only then.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinytag import TinyTag, TinyTagException

from engine.errors import DiscoverError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as Opened

MAX_BYTES = 10_000_000
MAX_PIXELS = 16_000_000
# PNGs up to this many bytes are used as they are; scaled pictures have at most `SIDE` pixels a side.
SMALL = 1_000_000
SIDE = 512

_COVERS = [f"{stem}.{ending}" for stem in ("cover", "folder", "front") for ending in ("png", "jpg", "jpeg")]
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# What Pillow's PNG and JPEG decoders raise for a damaged picture.
_DAMAGED = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, MemoryError, struct.error,
    zlib.error,
)  # fmt: skip


def art_of(path: str) -> bytes | None:
    """The picture of a file as a PNG, null if it has none that can be shown.

    Raises DiscoverError with what to install if all its pictures need scaling and Pillow is missing.
    """
    # MPD's own names and addresses are not paths on this machine.
    if not Path(path).is_absolute():
        return None
    missing = None
    for data in _pictures(path):
        try:
            png = as_png(data)
        except DiscoverError as error:
            missing = error
            continue
        if png is not None:
            return png
    if missing is not None:
        raise missing
    return None


def as_png(data: bytes) -> bytes | None:
    """A PNG or JPEG as a PNG small enough for a terminal; null if it is neither, too large or damaged.

    Raises DiscoverError like `art_of`.
    """
    if len(data) > MAX_BYTES or not data.startswith((_PNG, _JPEG)):
        return None
    if data.startswith(_PNG):
        pixels = _pixels_of_png(data)
        if not 0 < pixels <= MAX_PIXELS:
            return None
        if len(data) <= SMALL:
            return data
    return _scaled(data)


def _pictures(path: str) -> Iterator[bytes]:
    """The picture in a file's tags, then those in its folder, best names first."""
    try:
        embedded = TinyTag.get(path, image=True).images.any
    except (OSError, TinyTagException, UnicodeError):
        embedded = None
    if embedded is not None:
        yield embedded.data
    try:
        with os.scandir(Path(path).parent) as entries:
            there = {
                entry.name.casefold(): entry.path for entry in entries if entry.name.casefold() in _COVERS
            }
    except OSError:
        return
    for name in _COVERS:
        if name in there and (data := _read(there[name])):
            yield data


def _read(path: str) -> bytes:
    """A file's bytes; empty if it is not a file, too large or unreadable."""
    try:
        if not Path(path).is_file():
            return b""
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return b""


def _pixels_of_png(data: bytes) -> int:
    """Width times height from the header of a complete PNG; 0 for anything else."""
    at, name, pixels = len(_PNG), b"", 0
    while name != b"IEND":
        if len(data) < at + 12:
            return 0
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if len(data) < end + 4 or zlib.crc32(data[at + 4 : end]) != int.from_bytes(
            data[end : end + 4], "big"
        ):
            return 0
        if at == len(_PNG):
            if (length, name) != (13, b"IHDR"):
                return 0
            width, height = struct.unpack_from(">II", data, at + 8)
            pixels = width * height
        at = end + 4
    return pixels


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture in few colours."""

    numbers: NDArray[np.uint8]  # (height, width): each pixel's row in `colours`
    colours: NDArray[np.uint8]  # (n, 3): red, green, blue
    opaque: NDArray[np.bool_]  # (height, width)


def pixels_of(png: bytes, width: int, height: int, colours: int) -> Pixels | None:
    """A picture from `art_of` scaled to fit a box of pixels, in at most so many colours (2 to 256).

    Null if it is damaged or a mere line; raises DiscoverError if Pillow is missing.
    """
    # Few colours show bands unless they are dithered.
    dithered = colours < 64
    try:
        with _opened(png) as opened:
            import numpy as np
            from PIL import Image, ImageOps

            picture = ImageOps.contain(opened.convert("RGBA"), (width, height))
            if not picture.width or not picture.height:  # a line, thinner than a pixel
                return None
            opaque = np.asarray(picture.getchannel("A")) >= 128
            picture = picture.convert("RGB")
            few = picture.quantize(colours, Image.Quantize.MEDIANCUT)
            if dithered:
                few = picture.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)
            palette = np.array(few.getpalette(), np.uint8).reshape(-1, 3)
            return Pixels(np.asarray(few), palette, opaque)
    except _DAMAGED:
        return None


def _scaled(data: bytes) -> bytes | None:
    try:
        with _opened(data) as image:
            scaled = io.BytesIO()
            image.convert("RGBA").save(scaled, "PNG")
    except _DAMAGED:
        return None
    return scaled.getvalue()


def _opened(data: bytes) -> Opened:
    """A PNG or JPEG scaled to `SIDE`; raises one of `_DAMAGED`, or DiscoverError if Pillow is missing."""
    try:
        from PIL import Image
    except ImportError as error:
        raise DiscoverError(
            "pip install 'discover-music[art]' adds Pillow, which this cover needs."
        ) from error
    # Checked below; Pillow's own limit would print a warning.
    Image.MAX_IMAGE_PIXELS = None
    image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    if image.width * image.height > MAX_PIXELS:
        raise ValueError("too many pixels")
    image.thumbnail((SIDE, SIDE))
    return image
