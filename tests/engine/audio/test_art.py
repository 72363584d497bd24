"""The picture of a file comes from its tags or its folder, bounded before it is decoded; a damaged one is none."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest
from PIL import Image

from engine.audio import art
from engine.audio.art import art_of, as_png
from engine.errors import DiscoverError
from tests.support.audio import wav
from tests.support.pictures import chunk, png

COVER, OTHER = png(40, 40), png(41, 40)


def jpeg(width: int, height: int) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(held, "JPEG")
    return held.getvalue()


def test_a_small_png_is_passed_on_as_it_is_from_the_tags_before_the_folder(tmp_path: Path) -> None:
    plain = wav(tmp_path / "plain.wav", tags={"TIT2": "One"})
    tagged = wav(tmp_path / "tagged.wav", tags={"TIT2": "Two"}, picture=COVER)
    assert art_of(str(plain)) is None
    (tmp_path / "Folder.PNG").write_bytes(OTHER)
    assert art_of(str(plain)) == OTHER
    assert art_of(str(tagged)) == COVER
    (tmp_path / "cover.png").write_bytes(COVER)
    assert art_of(str(plain)) == COVER
    # What is no picture gives way to the next.
    (tmp_path / "cover.png").write_bytes(b"")
    assert art_of(str(plain)) == OTHER


def test_what_is_no_file_here_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cover.png").write_bytes(COVER)
    for place in ("", "one.wav", "ytdl://ytsearch:one", "https://music.example/one.wav"):
        assert art_of(place) is None
    assert art_of(str(tmp_path / "gone" / "one.wav")) is None
    # A folder by that name, and one that leads to itself.
    (tmp_path / "cover.png").unlink()
    (tmp_path / "cover.png").mkdir()
    (tmp_path / "front.png").symlink_to("front.png")
    assert art_of(str(tmp_path / "one.wav")) is None


def test_a_jpeg_and_a_large_png_are_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(art, "SMALL", 10_000)
    for large in (jpeg(900, 600), png(900, 600, level=0)):
        scaled = as_png(large)
        assert scaled is not None
        with Image.open(io.BytesIO(scaled), formats=("PNG",)) as image:
            assert image.size == (512, 341)


def bomb() -> bytes:
    """A JPEG whose header says 50,000 x 50,000."""
    data = bytearray(jpeg(16, 16))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 50_000, 50_000)
    return bytes(data)


HOSTILE = {
    "no bytes": b"",
    "text": b"no picture at all\n" * 50,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="https://music.example/"/></svg>',
    "png bomb": png(1, 1, says=(50_000, 50_000)),
    "png of no pixels": png(1, 1, says=(0, 7)),
    "png cut short": COVER[:-20],
    "png of one byte more than its signature": COVER[:9],
    "png with a wrong bit": COVER.replace(b"IDAT", b"IDAU"),
    "png without a header": COVER[:8] + chunk(b"IEND", b""),
    "png whose chunk is longer than it": COVER[:8] + b"\xff\xff\xff\xffIHDR" + bytes(40),
    "jpeg bomb": bomb(),
    "jpeg cut short": jpeg(300, 300)[:400],
    "jpeg of a beginning alone": b"\xff\xd8\xff\xe0",
    "too many bytes": COVER + bytes(art.MAX_BYTES),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_is_none_and_raises_nothing(name: str, tmp_path: Path) -> None:
    for ending in ("jpg", "png"):
        (tmp_path / f"cover.{ending}").write_bytes(HOSTILE[name])
    file = wav(tmp_path / "one.wav", tags={"TIT2": "One"}, picture=HOSTILE[name])
    assert art_of(str(file)) is None


def test_a_large_png_that_does_not_hold_what_it_says_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(art, "SMALL", 10)
    assert as_png(png(20, 20, says=(400, 400))) is None
    assert as_png(COVER.replace(b"IDAT", b"IDAU")) is None


def test_without_pillow_small_pngs_are_shown_and_for_others_it_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = wav(tmp_path / "one.wav", tags={"TIT2": "One"}, picture=jpeg(16, 16))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DiscoverError, match=r"pip install 'discover-music\[art\]'"):
        art_of(str(file))
    (tmp_path / "front.png").write_bytes(COVER)
    assert art_of(str(file)) == COVER
