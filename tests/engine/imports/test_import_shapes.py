"""The same history in another shape: as lines, as a table, translated, as it is sent instead of as it is kept."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.imports.head import Head
from engine.imports.registry import recognise
from tests.support.exports import as_csv, brainz
from tests.support.importing import OTHER, SONG, START, bring, listens, spotify, write

ROWS = [
    spotify(START + 211, 211_000),
    spotify(START + 500, 211_000, OTHER, incognito_mode=True),
    spotify(START + 900, 4_000, OTHER),
    spotify(START + 999, 60_000, ("", ""), spotify_episode_uri="spotify:episode:1"),
]
IN_SHAPES = {
    "lines": "".join(json.dumps(row) + "\n" for row in ROWS),
    "a table": as_csv(ROWS),
    "semicolons": as_csv(ROWS).replace(",", ";"),
    "a table of pandas": as_csv([{"": number, **row} for number, row in enumerate(ROWS)]),
    "behind a NUL": "\0" + json.dumps(ROWS),
}


@pytest.mark.parametrize("shape", IN_SHAPES)
def test_spotifys_extended_history_in_every_shape(db: sqlite3.Connection, tmp_path: Path, shape: str) -> None:
    [file] = bring(db, write(tmp_path, "a.txt", IN_SHAPES[shape]), zone="Asia/Tokyo").files
    assert listens(db) == [(START, *SONG, 211_000, "spotify")]
    assert file.dropped == {"private session": 1, "skipped": 1, "podcast": 1}


def test_spotifys_account_data_as_a_table(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = f"endTime,artistName,trackName,msPlayed\n2024-03-02 19:04,{SONG[0]},{SONG[1]},211000\n"
    bring(db, write(tmp_path, "a.csv", text))
    assert [row[1:4] for row in listens(db)] == [(*SONG, 211_000)]


def test_pano_scrobblers_table(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = (
        "timeHuman,timeMs,artist,track,album,albumArtist,durationMs,mediaPlayerPackage,event\n"
        f'"March 2, 2024, 20:01 CET",{START}933,{SONG[0]},{SONG[1]},Slow Ferry,,228205,x.y,scrobble\n'
        f"x,{START}933,{OTHER[0]},{OTHER[1]},,,,x.y,love\n"
    )
    [file] = bring(db, write(tmp_path, "a.csv", text)).files
    assert listens(db) == [(START, *SONG, None, "pano")]
    assert file.dropped == {"not the end of a play": 1}


@pytest.mark.parametrize("shape", ["one", "lines", "documents", "array", "long lines"])
@pytest.mark.parametrize("pages", [False, True])
def test_listenbrainz_submissions_and_pages(
    db: sqlite3.Connection, tmp_path: Path, shape: str, pages: bool
) -> None:
    now = {"track_metadata": brainz(1, OTHER)["track_metadata"]}
    many = 300 if shape == "long lines" else 1
    listens_of = [
        [brainz(START + 900 * (place + many * number), SONG) for place in range(many)] for number in (0, 1)
    ]
    parts = [
        {"payload": {"count": 1, "listens": [*some, now]} if pages else [*some, now]} for some in listens_of
    ]
    text = {
        "one": json.dumps(parts[0], indent=2),
        "array": json.dumps(parts),
        "documents": "\n".join(json.dumps(part, indent=2) for part in parts),
    }.get(shape, "\n".join(map(json.dumps, parts)))
    [file] = bring(db, write(tmp_path, "a.json", text)).files
    times = 1 if shape == "one" else 2
    assert [row[0] for row in listens(db)] == [START + 900 * number for number in range(times * many)]
    assert file.dropped == {"now playing": times}


def test_listenbrainz_stamps_in_words(db: sqlite3.Connection, tmp_path: Path) -> None:
    listen = {**brainz(START, SONG), "listened_at": "2024-03-02T19:01:00Z"}
    bring(db, write(tmp_path, "a.jsonl", f"{json.dumps(listen)}\n" * 2))
    assert [row[:3] for row in listens(db)] == [(START, *SONG)]


def test_last_fms_pages_of_any_length_in_sequence(db: sqlite3.Connection, tmp_path: Path) -> None:
    def page(first: int) -> str:
        tracks = [
            {"name": SONG[1], "artist": {"#text": SONG[0]}, "date": {"uts": str(START + 900 * at)}}
            for at in range(first, first + 1000)
        ]
        return json.dumps({"recenttracks": {"track": tracks}})

    [file] = bring(db, write(tmp_path, "a.json", f"{page(0)}\n{page(1000)}\n")).files
    assert (file.read, file.kept) == (2000, 2000)


@pytest.mark.parametrize("shape", ["lines", ",", ";"])
def test_spotifys_account_data_passed_on_in_another_shape(
    db: sqlite3.Connection, tmp_path: Path, shape: str
) -> None:
    row = {"endTime": "2024-03-02 19:04", "artistName": SONG[0], "trackName": SONG[1], "msPlayed": 211_400}
    text = f"{shape.join(row)}\n{shape.join(map(str, row.values()))}\n"
    text = f"{json.dumps(row)}\n" if shape == "lines" else text
    # The service's stamps are ends in UTC, whatever the person's zone is.
    bring(db, write(tmp_path, "a.txt", text), zone="Asia/Tokyo")
    end = START + 180
    assert listens(db) == [(end - 211, *SONG, 211_400, "spotify-account")]


@pytest.mark.parametrize(
    ("songs", "headers"),
    [
        ("Video-ID,Songtitel,Albumtitel,Name des Interpreten 1", "Video-ID,Zeitpunkt des Hinzufügens"),
        ("ID de vídeo,Título da música,Título do álbum,Nome do artista 1", "ID do vídeo,Data e hora"),
        ("Identifiant vidéo,Titre du titre,Titre de l'album,Nom de l'artiste 1", "ID vidéo,Date"),
        (
            "動画 ID,曲のタイトル,アルバムのタイトル,アーティスト名 1",
            "動画 ID,再生リストの動画の作成タイムスタンプ",
        ),
        ("Идентификатор видео,Название,Альбом,Исполнитель 1", "Идентификатор видео,Время"),
        ("Videóazonosító,Dal címe,Album címe,Előadó neve 1", "Videóazonosító,Időbélyeg"),
        ("ID videa,Název skladby,Název alba,Interpret 1", "ID videa,Čas"),
    ],
)
def test_youtubes_library_in_other_languages(
    db: sqlite3.Connection, tmp_path: Path, songs: str, headers: str
) -> None:
    about = "Playlist-ID,Kanal-ID,Erstellt,Aktualisiert,Titel,Beschreibung,Sichtbarkeit\n"
    about += "PLx,UCx,2020-01-05 01:02:03 UTC,2020-01-08 01:02:03 UTC,Meine Musik,,Privat\n\n"
    write(tmp_path, "in/songs.csv", f"{songs}\nAbCdEfGhI_1,{SONG[1]},Slow Ferry,{SONG[0]}\n")
    write(tmp_path, "in/Abend-Videos.csv", f"{headers}\nAbCdEfGhI_1,2023-01-05T10:01:47+00:00\n")
    write(tmp_path, "in/old.csv", f"{about}{headers}\n AbCdEfGhI_1,2023-01-05 10:01:47 UTC\n")
    files = {Path(file.path).name: file for file in bring(db, tmp_path / "in").files}
    assert files["songs.csv"].dropped == {"kept as a like": 1}
    assert db.execute("SELECT name FROM playlists ORDER BY name").fetchall() == [("Abend",), ("Meine Musik",)]
    assert set(db.execute("SELECT artist, track FROM playlist_tracks")) == {SONG}


@pytest.mark.parametrize("name", ["<Untagged>", "<UNTAGGED>", "<untagged>"])
def test_a_players_untagged_songs_have_no_name(db: sqlite3.Connection, tmp_path: Path, name: str) -> None:
    text = f"#AUDIOSCROBBLER/1.1\n#TZ/UTC\n{name}\t\tA\t1\t228\tL\t{START}\t\nB\t\t{name}\t1\t228\tL\t{START}\t\n"
    [file] = bring(db, write(tmp_path, ".scrobbler.log", text)).files
    assert (file.kept, file.dropped, file.note) == (0, {"no artist or title": 2}, "")


@pytest.mark.parametrize(
    "text",
    [
        f"{SONG[0]}\tSlow Ferry\t{SONG[1]}\t1\t228\tL\t{START}\t\n{SONG[0]}\t\t{SONG[1]}\t\t228\tS\t{START + 900}\n",
        f"#AUDIOSCROBBLER/1.0\r\n#TZ/UNKNOWN\r\n{SONG[0]}\t\t{SONG[1]}\t1\t228\tL\t{START}\r\n",
        f"\ufeff#Audioscrobbler/1.1\n{SONG[0]}\t\t{SONG[1]}\t1\t228\tL\t{START}\t\n",
    ],
)
def test_a_players_own_clock_is_said(db: sqlite3.Connection, tmp_path: Path, text: str) -> None:
    [file] = bring(db, write(tmp_path, "log.txt", text), dry_run=True).files
    assert (file.format, file.kept) == ("rockbox", 1)
    assert "--zone" in file.note
    [file] = bring(db, write(tmp_path, "log.txt", text), zone="Europe/Copenhagen").files
    assert file.note == ""
    assert [row[0] for row in listens(db)] == [START - 3600]


def test_a_playback_log_says_what_to_do(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = "# Playback log\n1709406060:228000:228205:/Music/Ida/01 Lark.flac\n1709406300:4:200:<HDD0>/x.mp3\n"
    [file] = bring(db, write(tmp_path, "playback.log", text)).files
    assert (file.format, file.kept, file.dropped) == ("rockbox-playback", 0, {"file without names": 2})
    assert "lastfm_scrobbler" in file.note


@pytest.mark.parametrize(
    "column", ["Bideoaren IDa", "ვიდეოს ID", "ویڈیو ID", "Бейне идентификаторы", "វីដេអូ", "ભાગ વીડિયો"]
)
def test_a_list_of_videos_in_any_language(column: str) -> None:
    head = Head("a.csv", f"{column},when\nAbCdEfGhI_1,2024-03-02\n".encode())
    assert (found := recognise(head)) is not None
    assert found.name == "youtube-playlist"


def test_tables_that_are_no_list_of_videos(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows: dict[str, Any] = {
        "a.csv": "Video,Minutes\nThe long one,3\n",
        "b.csv": "video id,title,album,artist\nnot an id,a,b,c\n",
    }
    files = bring(db, *[write(tmp_path, name, text) for name, text in rows.items()]).files
    assert [file.format for file in files] == [None, None]


def test_json_of_names_is_no_list_of_tracks() -> None:
    assert recognise(Head("names.json", b'["Ida","The Oaks - Tin Roof"]')) is None
    assert recognise(Head("names.txt", b"The Oaks - Tin Roof\n")) is not None
