"""Reads the tempo of recordings from AcousticBrainz' rhythm table: several readings per recording, combined into one.

Takes the archive `acousticbrainz-lowlevel-features-20220623-rhythm.tar.zst` and the table in it. Its rows have only
MusicBrainz ids of recordings and no names, so only those known to a pack of tracks or the library are kept. Its
`danceability` goes up to 3, unlike the 0..1 of feature packs, and is not kept. PACKS.md has the layout.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from engine.community.feature_rows import FeatureRow, RowCounts, tempo_of
from engine.community.files import is_tar
from engine.community.known import KnownRecordings
from engine.community.streams import first_bytes, opened_member
from engine.errors import CancelledError, UnreadableFileError
from engine.progress import Cancelled, CountReport

NAME, SOURCE, LICENCE, COLLECTED = "acousticbrainz", "AcousticBrainz", "CC0 1.0", "2022-06-23"
SUFFIX = "-rhythm.csv"
NOTES = (
    "Of each recording's readings the middle one, whole and double times folded together, in the octave most of them "
    "have.",
    "Read by machine from files people had: often half or double the tempo.",
    "An id that was merged into another since is not followed: the archive does not say which.",
)
_HEADER = b"mbid,submission_offset,bpm,"
_SECOND_PEAK = b"bpm_histogram_second_peak_bpm_median"
_MBID_LETTERS = 36
_NEAR = 0.04  # relative distance below which two tempos are the same
_OTHERS = np.array([0.5, 1.5, 2.0])  # common wrong multiples of a tempo
_OCTAVES = np.arange(-2, 3)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def recognises(path: Path) -> bool:
    """Whether `path` is the archive, or the table in it."""
    start = first_bytes(path, 1 << 16) if path.is_file() else b""
    return SUFFIX.encode() in start if is_tar(start) else start.startswith(_HEADER)


@dataclass(frozen=True, slots=True)
class Tempos:
    """Recordings by number, rising, and of each what `compact` makes of its readings: (n,)."""

    numbers: Ints
    bpm: Floats
    spread: Floats
    other_bpm: Floats

    def rows(self, known: KnownRecordings, begin: int, end: int) -> Iterator[FeatureRow]:
        """Those of the recordings numbered from `begin` on and before `end`."""
        places = slice(*np.searchsorted(self.numbers, (begin, end)).tolist())
        for number, bpm, spread, other in zip(
            self.numbers[places].tolist(),
            self.bpm[places].tolist(),
            self.spread[places].tolist(),
            self.other_bpm[places].tolist(),
            strict=True,
        ):
            artist, title = known.names[number]
            yield FeatureRow(artist=artist, track=title, bpm=bpm, spread=spread, other_bpm=other or None)


def read_rhythm(
    file: IO[bytes],
    name: str,
    known: KnownRecordings,
    counts: RowCounts,
    *,
    size: int | None = None,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
) -> Tempos:
    """The tempo of the known recordings; `counts` has what became of the table's rows.

    `progress` gets bytes read and in all. Raises UnreadableFileError when nothing is known by such an id, and for a
    damaged file or another layout; CancelledError.
    """
    if not known.number:
        raise UnreadableFileError(
            f"{name} names recordings by MusicBrainz ids alone, and neither your library nor a pack of tracks has any. "
            "Get the tracks first: discover community fetch tracks."
        )
    readings = array("i"), array("d"), array("d")
    with opened_member(file, name, SUFFIX, size=size) as member:
        if member is None:
            raise UnreadableFileError(f"{name} has no table *{SUFFIX}.")
        blocks = member.blocks()
        header, *first = next(blocks, [b""])
        columns = header.rstrip().split(b",")
        if not header.startswith(_HEADER) or _SECOND_PEAK not in columns:
            raise UnreadableFileError(f"{member.name} has another layout than AcousticBrainz' rhythm table.")
        places = columns.index(b"bpm"), columns.index(_SECOND_PEAK), len(columns)
        for lines in chain([first], blocks):
            if cancelled is not None and cancelled():
                raise CancelledError("Stopped; no pack was added.")
            _take(lines, known, places, readings, counts)
            if progress is not None:
                progress(member.place(), member.size or size or 0)
    if not member.whole_lines:
        raise UnreadableFileError(f"{member.name} ends within a line.")
    counts.tables.append(member.name)
    numbers, bpm, second = (np.array(part) for part in readings)
    return Tempos(*compact(numbers, bpm, second))


def _take(
    lines: list[bytes],
    known: KnownRecordings,
    places: tuple[int, int, int],
    readings: tuple[array[int], array[float], array[float]],
    counts: RowCounts,
) -> None:
    """Add the readings of known recordings. Most lines are of others and not parsed."""
    bpm, second, width = places
    unknown, of_peaks = 0, RowCounts()
    for line in lines:
        number = known.number.get(line[:_MBID_LETTERS])
        if number is None:
            unknown += 1
            continue
        cells = line.rstrip().split(b",")
        tempo = tempo_of(cells[bpm].decode(errors="replace"), counts) if len(cells) == width else None
        if tempo is None:
            counts.dropped["no tempo" if len(cells) == width else "line of another layout"] += 1
            continue
        readings[0].append(number)
        readings[1].append(tempo)
        readings[2].append(tempo_of(cells[second].decode(errors="replace"), of_peaks) or 0.0)
    counts.read += len(lines)
    counts.dropped["recording that neither the library nor a pack knows by its id"] += unknown


def compact(numbers: Ints, bpm: Floats, second: Floats) -> tuple[Ints, Floats, Floats, Floats]:
    """One tempo of the readings of each recording: (n,) each, in beats a minute, `second` peaks 0 where unknown.

    Returns the recordings' numbers, rising; the median of the readings, which are halved or doubled to lie around
    their middle one, in the octave most of them have (of two as frequent that in 70 to 140); the distance of the
    quartles of these as a share of it; and the mean second peak that is half, double or one and a half times it, 0
    where none is.
    """
    found, number, sizes = np.unique(numbers, return_inverse=True, return_counts=True)
    starts = np.cumsum(sizes) - sizes
    middle = _ordered(number, bpm)[starts + (sizes - 1) // 2]
    octave = np.rint(np.log2(bpm / middle[number]))
    folded = _ordered(number, bpm / 2**octave)

    def quantile(share: float) -> Floats:
        place = starts + share * (sizes - 1)
        low = place.astype(np.int64)
        high = np.minimum(low + 1, starts + sizes - 1)
        return np.asarray(folded[low] + (place - low) * (folded[high] - folded[low]))

    median = quantile(0.5)
    spread = (quantile(0.75) - quantile(0.25)) / median
    votes = _votes(number, octave.clip(-2, 2).astype(np.int64) + 2, len(found), len(_OCTAVES))
    choices = median[:, None] * 2.0**_OCTAVES
    usual = (choices >= 70) & (choices < 140)
    tempo = choices[np.arange(len(found)), np.argmax(votes + 0.5 * usual, axis=1)]
    share = second[:, None] / tempo[number, None] / _OTHERS
    at, which = np.nonzero(np.abs(share - 1) <= _NEAR)
    agreed = _votes(number[at], which, len(found), len(_OTHERS))
    best = np.argmax(agreed, axis=1)
    chosen = best[number[at]] == which
    total = np.bincount(number[at][chosen], weights=second[at][chosen], minlength=len(found))
    other = total / np.maximum(1, agreed[np.arange(len(found)), best])
    return found, tempo, spread, other


def _ordered(number: Ints, values: Floats) -> Floats:
    """The values by rising number, those of one rising."""
    return values[np.lexsort((values, number))]


def _votes(number: Ints, choice: Ints, numbers: int, choices: int) -> Ints:
    """How many of each number have each choice: (numbers, choices)."""
    return np.bincount(number * choices + choice, minlength=numbers * choices).reshape(numbers, choices)
