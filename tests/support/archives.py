"""Made-up archives in the layouts of AcousticBrainz' rhythm table and MusicBrainz' artists."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from collections.abc import Iterable
from typing import Any

from backports.zstd import compress

RHYTHM = "acousticbrainz-lowlevel-features-20220623-rhythm.tar.zst"
_HEADER = (
    "mbid,submission_offset,bpm,bpm_histogram_first_peak_bpm_mean,bpm_histogram_first_peak_bpm_median,"
    "bpm_histogram_second_peak_bpm_mean,bpm_histogram_second_peak_bpm_median,danceability,onset_rate"
)


def rhythm_table(readings: Iterable[tuple[str, Any, Any]]) -> bytes:
    """The table of (recording, tempo, second peak): lines end as in the published one."""
    lines = [
        f"{mbid},{n},{bpm},{bpm},{bpm},{second},{second},1.203363,2.8675"
        for n, (mbid, bpm, second) in enumerate(readings)
    ]
    return "".join(f"{line}\r\n" for line in (_HEADER, *lines)).encode()


def rhythm_archive(table: bytes) -> bytes:
    folder = "acousticbrainz-lowlevel-features-20220623"
    return compress(
        _tar(
            {f"{folder}/COPYING": b"CC0\n", f"{folder}/{folder}-rhythm.csv": table, f"{folder}/z": b"z" * 99}
        ),
        10,
    )


def artist_line(mbid: str, name: str, genres: dict[str, int] | None = None, **tags: int) -> bytes:
    def words(of: dict[str, int]) -> list[dict[str, Any]]:
        return [{"name": word, "count": count, "disambiguation": ""} for word, count in of.items()]

    document = {
        "id": mbid, "name": name, "sort-name": name, "type": "Group", "country": "NO", "aliases": [],
        "genres": words(genres or {}), "tags": words({**(genres or {}), **tags}), "rating": {"value": None},
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def artist_archive(lines: bytes) -> bytes:
    members = {"TIMESTAMP": b"2026-10-03 00:00:01", "COPYING": b"CC0\n", "mbdump/artist": lines}
    return lzma.compress(_tar(members))


def _tar(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w|") as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
