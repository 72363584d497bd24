"""Made-up archives in the layouts of AcousticBrainz' rhythm table and MusicBrainz' artists, and fetching them."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backports.zstd import compress

from engine.community.fetch import Web
from engine.community.offers import SOURCES
from engine.session import Session
from tests.support.dump_server import DumpServer
from tests.support.statistics_dump import listeners, mbid

LATEST = "20261003-000001"
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
        "id": mbid,
        "name": name,
        "sort-name": name,
        "type": "Group",
        "country": "NO",
        "aliases": [],
        "genres": words(genres or {}),
        "tags": words({**(genres or {}), **tags}),
        "rating": {"value": None},
    }
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


def fetch(session: Session, server: DumpServer, what: str, folder: str, **options: Any) -> Any:
    """What `community fetch` adds of what a folder of the server offers."""
    web = Web(wait=lambda _: None, cancelled=options.get("cancelled"))
    try:
        return session.packs.fetch(web, SOURCES[what], url=f"{server.base}{folder}", **options)
    finally:
        web.close()


ARTISTS = b"".join(
    [
        artist_line(mbid(1), "Artist One, as they say there", {"dream pop": 4, "indie": 9, "never": 0}),
        artist_line(mbid(2), "Artist 2", None, norwegian=2),
        artist_line(mbid(900), "Artist 3", {"polka": 1}),
        artist_line(mbid(901), "NOBODY", {"drone": 3}),
        artist_line(mbid(902), "Twice", {"one": 1}),
        artist_line(mbid(903), "Twice", {"other": 1}),
        b"{cut\n",
    ]
)


def add_genres(server: DumpServer, lines: bytes = ARTISTS, **options: Any) -> bytes:
    """Put an archive of artists with genres on the server, and return it."""
    data = artist_archive(lines)
    server.files["/pub/json/LATEST"] = f"{LATEST}\n".encode()
    server.add_beside(f"json/{LATEST}/", "artist.tar.xz", data, "SHA256SUMS", **options)
    return data


def add_artists(session: Session, folder: Path) -> None:
    """A pack of sixty listeners, whose artists have ids."""
    path = folder / "artists_all_time.jsonl"
    path.write_bytes(listeners(60))
    session.packs.add(path)
