"""The picture of a file of music: the one in its tags, or else the cover beside it.

It may be anybody's, so it is bounded in bytes and, before anything decodes it, in pixels. A small PNG stays as it is;
Pillow (the extra `art`) scales anything else, and nothing else loads that.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from tinytag import TinyTag, TinyTagException

from engine.errors import DiscoverError

MAX_BYTES = 10_000_000
MAX_PIXELS = 16_000_000
# A PNG up to this many bytes is passed on as it is; what is scaled has at most so many pixels a side.
SMALL = 1_000_000
SIDE = 512

_COVERS = [f"{stem}.{ending}" for stem in ("cover", "folder", "front") for ending in ("png", "jpg", "jpeg")]
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# What Pillow raises of a damaged picture, by its readers of PNG and JPEG.
_DAMAGED = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, MemoryError, struct.error,
    zlib.error,
)  # fmt: skip


def art_of(path: str) -> bytes | None:
    """The picture of a file as a PNG, null where it has none that can be shown.

    Raises DiscoverError, saying what to install, where every picture has to be scaled and Pillow is missing.
    """
    # MPD's own names, and addresses, are of no folder here.
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
    """A PNG or JPEG as a PNG small enough to be sent to a terminal; null for what is neither, too large or damaged.

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
    """The picture in a file's tags, then those beside it, the likeliest first."""
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
    """A file's bytes; none of what is no file, is too large or cannot be read."""
    try:
        if not Path(path).is_file():
            return b""
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return b""


def _pixels_of_png(data: bytes) -> int:
    """The pixels of a PNG whose chunks are all there and whole, by its header; 0 of any other."""
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


def _scaled(data: bytes) -> bytes | None:
    try:
        from PIL import Image
    except ImportError as error:
        raise DiscoverError(
            "pip install 'discover-music[art]' adds Pillow, which this cover needs."
        ) from error
    # The bound is ours, and Pillow's own would print a warning.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.thumbnail((SIDE, SIDE))
            scaled = io.BytesIO()
            image.convert("RGBA").save(scaled, "PNG")
    except _DAMAGED:
        return None
    return scaled.getvalue()
