"""Every format against what real exports do to it: bytes cut, doubled, garbled, recoded; values of any kind.

Whatever comes, the report adds up and nothing raises; and a record that is broken costs itself, not its neighbours.
"""

# ruff: noqa: E501 - made-up files are kept as they would be

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.imports.registry import formats
from tests.support import exports as shapes
from tests.support.importing import OTHER, SONG, START, bring, lastfm, library, listens, spotify, write
from tests.support.samples import SAMPLES, TIDAL, content_of

ODD = [
    "null", "-5", "1e400", "NaN", "{}", "[", '"', "\x00", "\ufeff", "\r\n", "\u2028", ",,,,", "]}", "99999999999999999999",
    "31/02/2024", "\ud7ff", "<!", "&lt;", "'", ";", "\t",
]  # fmt: skip


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """What happens to a file on its way: one to three things."""
    steps = draw(
        st.lists(
            st.tuples(st.integers(0, 6), st.floats(0, 1), st.integers(1, 40), st.sampled_from(ODD)),
            min_size=1,
            max_size=3,
        )
    )

    def damage(data: bytes) -> bytes:
        for what, where, length, odd in steps:
            at = int(where * len(data))
            if what == 0:
                data = data[:at]
            elif what == 1:
                data = data[:at] + data[at + length :]
            elif what == 2:
                data = data[:at] + odd.encode() + data[at:]
            elif what == 3:
                data = data[:at] + odd.encode() + data[at + length :]
            elif what == 4:
                data = data[:at] + data[at : at + 3 * length] + data[at:]
            elif what == 5:
                data = data.replace(b"\n", b"\r\n")
            else:
                coding = ("utf-16", "latin-1", "utf-8-sig")[length % 3]
                data = data.decode("utf-8", "replace").encode(coding, "replace")
        return data

    return damage


def test_each_format_has_a_sample_that_is_known_for_it(tmp_path: Path) -> None:
    assert list(SAMPLES) == [form.name for form in formats()]
    db = library(tmp_path)
    for number, name in enumerate(SAMPLES):
        folder = tmp_path / str(number)
        folder.mkdir()
        file = bring(db, write(folder, "export", content_of(folder, name)), dry_run=True).files[0]
        assert (file.format, file.read > 0) == (name, True)
    db.close()


@pytest.mark.parametrize("name", SAMPLES)
@given(damage=damages())
@settings(
    deadline=None,
    max_examples=3,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_damaged_file_ends_in_a_truthful_report(
    tmp_path_factory: pytest.TempPathFactory, name: str, damage: Callable[[bytes], bytes]
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    db = library(folder)
    path = write(folder, "export", damage(content_of(folder, name)))
    try:
        bring(db, path, format=name)
        again = bring(db, path, format=name)
        assert again.totals["kept"] == 0
    except UsageError:
        assert name == "csv"  # its columns are gone: which is which has to be said
    bring(db, path)
    db.close()


# Formats of rows: how rows become a file, one row at a time.
ROWS: dict[str, tuple[Callable[[list[str]], str], Callable[[int], str]]] = {
    "spotify": (lambda rows: "[" + ",\n".join(rows) + "]", lambda at: json.dumps(spotify(at, 211_400))),
    "spotify-account": (
        lambda rows: "[" + ",\n".join(rows) + "]",
        lambda at: json.dumps(shapes.account(f"2024-03-{at % 28 + 1:02d} 19:04", SONG, 211_400)),
    ),
    "youtube": (
        lambda rows: "[" + ",\n".join(rows) + "]",
        lambda at: json.dumps(
            shapes.watched("Watched T", f"2024-03-{at % 28 + 1:02d}T19:01:00Z", "A - Topic")
        ),
    ),
    "maloja": (
        lambda rows: '{"maloja": {"export_time": 1}, "scrobbles": [' + ", ".join(rows) + "]}",
        lambda at: json.dumps(
            {"time": at, "track": {"artists": ["A"], "title": "T", "album": None}, "duration": None}
        ),
    ),
    "koito": (
        lambda rows: '{"version": "1", "listens": [\n' + ",\n".join(rows) + "\n]}\n",
        lambda at: json.dumps(
            {
                "listened_at": f"2024-03-{at // 86_400 % 28 + 1:02d}T19:01:00Z",
                "track": shapes.koito("T"),
                "artists": [shapes.koito("A")],
            }
        ),
    ),
    "lastfmstats": (
        lambda rows: '{"username": "u", "scrobbles": [' + ",".join(rows) + '], "more": {"a": []}}',
        lambda at: json.dumps({"track": "T", "artist": "A", "date": at * 1000}),
    ),
    "listenbrainz-api": (
        lambda rows: '{"payload": {"count": 6, "listens": [' + ",".join(rows) + '], "user_id": "x"}}',
        lambda at: json.dumps(shapes.brainz(at, SONG)),
    ),
    "listenbrainz": ("\n".join, lambda at: json.dumps(shapes.brainz(at, SONG))),
    "pano": (
        "\n".join,
        lambda at: json.dumps({"timeMs": at * 1000, "artist": "A", "track": "T", "event": "scrobble"}),
    ),
    "jsonl": ("\n".join, lambda at: json.dumps({"artist": "A", "title": "T", "played_at": at})),
    "rockbox": (
        lambda rows: "\n".join(["#AUDIOSCROBBLER/1.1", "#TZ/UTC", *rows]),
        lambda at: f"A\tB\tT\t1\t228\tL\t{at}\t",
    ),
    "lastfm": (
        lambda rows: "\n".join(["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid", *rows]),
        lambda at: f'"{at}","","A","","","","T",""',
    ),
    "csv": (lambda rows: "\n".join(["artist,track,time", *rows]), lambda at: f"A,T,{at}"),
    "tidal": (
        lambda rows: TIDAL + "\n".join(rows),
        lambda at: f"A,T,{at % 28 + 1:02d}/03/2024 20:01,211400.0,TRACK,UTC",
    ),
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", ROWS)
@given(value=VALUES, key=st.integers(0, 30), text=st.text(max_size=30), place=st.integers(0, 6))
@settings(
    deadline=None,
    max_examples=5,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_hostile_record_costs_itself_only(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any, key: int, text: str, place: int
) -> None:
    """One row of seven has a value of any kind under one of its keys, or is any text at all."""
    join, row = ROWS[name]
    rows = [row(START + 86_400 * day) for day in range(6)]
    if rows[0].startswith("{"):
        hostile = json.loads(row(START + 86_400 * 9))
        hostile[list(hostile)[key % len(hostile)]] = value
        line = json.dumps(hostile)
    else:
        line = text.replace("\n", " ").replace("\r", " ")
    rows.insert(place, line)
    folder = tmp_path_factory.mktemp("record")
    db = library(folder)
    file = bring(db, write(folder, "export", join(rows).encode("utf-8", "replace")), format=name).files[0]
    assert file.kept >= 6
    db.close()


@pytest.mark.parametrize("quote", ['"Heroes,T,5', 'A,"T,5', '"'])
def test_an_open_quote_costs_its_line_only(tmp_path: Path, quote: str) -> None:
    """Old exporters write names with quotes as they are; a table of a thousand rows must not end there."""
    rows = [f"A,Song {number},{START + 900 * number}" for number in range(1000)]
    rows[3:3] = [quote]
    rows[500:500] = ['"A ""x"", the\nband",Two lines,1709406060']
    db = library(tmp_path)
    file = bring(db, write(tmp_path, "a.csv", "\n".join(["artist,track,time", *rows]))).files[0]
    assert file.kept >= 1001
    assert ('A "x", the band', "Two lines") in [listen[1:3] for listen in listens(db)]
    db.close()


def test_a_wide_table_of_forty_four_columns(tmp_path: Path) -> None:
    """An early Apple export: its columns in any order, half of them unknown."""
    known = {
        "Content Name": SONG[1],
        "Artist Name": SONG[0],
        "Event End Timestamp": "2024-03-02T19:04:31Z",
        "Play Duration Milliseconds": "211000",
        "Event Start Timestamp": "2024-03-02T19:01:00Z",
        "Media Duration In Milliseconds": "228205",
        "Item Type": "ITUNES_STORE_CONTENT",
    }
    columns = {**{f"Unknown {number}": str(number) for number in range(44 - len(known))}, **known}
    names = random.Random(3).sample(list(columns), len(columns))
    text = ",".join(names) + "\n" + ",".join(columns[name] for name in names) + "\n"
    db = library(tmp_path)
    assert bring(db, write(tmp_path, "a.csv", text)).files[0].format == "apple-activity"
    assert listens(db) == [(START, *SONG, 211_000, "apple")]
    db.close()


def test_dates_of_several_kinds_in_one_table(tmp_path: Path) -> None:
    stamps = [
        "2024-03-02T19:01:00Z",
        "1709406360",
        "1709406660000",
        "02 Mar 2024, 19:16",
        "2024-03-02 19:21",
        "soon",
    ]
    rows = [f'A,T,"{stamp}"' for stamp in stamps]
    db = library(tmp_path)
    file = bring(db, write(tmp_path, "a.csv", "\n".join(["artist,track,time", *rows]))).files[0]
    assert file.dropped == {"unreadable time": 1}
    assert [row[0] for row in listens(db)] == [START + 300 * number for number in range(5)]
    db.close()


def test_names_that_look_like_nothing_are_names(tmp_path: Path) -> None:
    """Null, NaN, None and N/A are artists too."""
    songs = [("Null", "NaN"), ("None", "N/A"), OTHER]
    db = library(tmp_path)
    plays = [(START + 900 * number, song) for number, song in enumerate(songs)]
    assert bring(db, write(tmp_path, "a.csv", lastfm(*plays))).files[0].kept == 3
    assert [row[1:3] for row in listens(db)] == songs
    db.close()
