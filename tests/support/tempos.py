"""Tables of tracks with a tempo, as packs of features are made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def write_tempos(folder: Path, rows: Iterable[str]) -> Path:
    """The table of these rows: artist, track, beats a minute, seconds."""
    path = folder / "tempos.csv"
    path.write_text("\n".join(["artist,track,bpm,duration", *rows]))
    return path
