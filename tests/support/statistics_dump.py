"""Made-up statistics in ListenBrainz' layout: lines of listeners, and the archive they are published in."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from typing import Any

from backports.zstd import compress

_KINDS = ("artists", "daily_activity", "listening_activity", "recordings", "releases")
_RANGES = (
    "all_time",
    "half_yearly",
    "month",
    "quarter",
    "this_month",
    "this_week",
    "this_year",
    "week",
    "year",
)


def mbid(number: int) -> str:
    return f"0000000a-0000-4000-8000-{number:012x}"


def artist(number: int | None, name: str, plays: Any, **more: Any) -> dict[str, Any]:
    """An artist of a listener's list; without a number it has no id."""
    return {
        "listen_count": plays,
        "artist_name": name,
        "artist_mbid": None if number is None else mbid(number),
        **more,
    }


def recording(
    number: int | None, by: str, title: str, plays: Any, release: str | None = None
) -> dict[str, Any]:
    """A recording of a listener's list."""
    parts = by.split(" & ")
    credited = [
        {"artist_credit_name": one, "join_phrase": " & " if one != parts[-1] else "", "artist_mbid": mbid(i)}
        for i, one in enumerate(parts)
    ]
    return {
        "listen_count": plays,
        "track_name": title,
        "recording_mbid": None if number is None else mbid(number),
        "artist_name": by,
        "artist_mbids": [one["artist_mbid"] for one in credited] if number is not None else [],
        "release_name": release,
        "release_mbid": None,
        "artists": credited if number is not None else None,
        "caa_id": None,
        "caa_release_mbid": None,
    }


def line(user: int, data: list[dict[str, Any]], **more: Any) -> bytes:
    """A listener's line."""
    document = {
        "user_id": user,
        "data": data,
        "count": len(data),
        "from_ts": 1_009_843_200,
        "to_ts": 1_790_812_800,
        "last_updated": 1_790_839_000,
        **more,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def listeners(count: int, artists: int = 6, **more: Any) -> bytes:
    """Lines of so many listeners with four artists each, and `more` in each line."""
    return b"".join(
        line(
            n,
            [artist(1 + (n + k) % artists, f"Artist {1 + (n + k) % artists}", 9 - k) for k in range(4)],
            **more,
        )
        for n in range(1, count + 1)
    )


def archive(
    members: dict[str, bytes], stamp: str = "20261001-000002", *, leave_out: Iterable[str] = ()
) -> bytes:
    """The archive as published: zstd over a tar written as a pipe, with 45 members of which most are empty here."""
    name, packed = f"listenbrainz-statistics-dump-{stamp}", io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w|") as tar:

        def add(path: str, data: bytes) -> None:
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mtime = len(data), 1790839000.5
            tar.addfile(entry, io.BytesIO(data))

        add("SCHEMA_SEQUENCE", b"8")
        add("TIMESTAMP", b"2026-10-01 00:00:02")
        add("COPYING", b"CC0 1.0\n")
        for folder in ("lbdump", "lbdump/statistics"):
            entry = tarfile.TarInfo(f"{name}/{folder}")
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
        for kind in _KINDS:
            for span in _RANGES:
                member = f"{kind}_{span}"
                if member not in leave_out:
                    add(f"lbdump/statistics/{member}.jsonl", members.get(member, b""))
    return compress(packed.getvalue(), 10)
