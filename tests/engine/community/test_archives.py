"""AcousticBrainz' tempo and MusicBrainz' genres: what is kept, for whom, and how it is checked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from engine.community.acousticbrainz import compact
from engine.community.features import FeatureCatalog, feature_packs
from engine.community.packs import list_packs
from engine.errors import CancelledError, DiscoverError, UnreadableFileError
from engine.session import Session
from tests.support.archives import (
    ARTISTS,
    RHYTHM,
    add_artists,
    add_genres,
    artist_line,
    fetch,
    rhythm_archive,
    rhythm_table,
)
from tests.support.dump_server import DumpServer
from tests.support.statistics_dump import line, mbid, recording
from tuiapp.cli.main import run

SUMS = "sha256sums"
UNKNOWN = "0000000f-0000-4000-8000-000000000001"


def add_tracks(session: Session, folder: Path) -> None:
    """A pack of two tracks that have ids, and the ids of one more of the person's own."""
    both = [recording(1, "Slow Ferry", "Harbour Lights", 40), recording(2, "Café Tundra", "Snow", 12)]
    path = folder / "recordings_all_time.jsonl"
    path.write_bytes(b"".join(line(n, both) for n in range(30)))
    session.packs.add(path)


def own_track(session: Session, id_of_it: str) -> None:
    with session.library.connection as library:
        library.execute("INSERT INTO artists VALUES (1, 'Nobody', 'nobody')")
        library.execute("INSERT INTO tracks VALUES (1, 1, 'Demo', 'demo', NULL, NULL)")
        library.execute("INSERT INTO track_ids VALUES (1, 'mb_recording', ?)", (id_of_it,))


READINGS = [
    (mbid(1), "160.76", "81"),
    (UNKNOWN, "99", "1"),
    (mbid(1), "80.31", "160"),
    (mbid(1), "160.2", "80"),
    (mbid(2), "", ""),
    (mbid(3), "104.5", "140"),
    (mbid(2), "9999", ""),
]


def tempos(session: Session) -> dict[str, tuple[float | None, str | None]]:
    with FeatureCatalog(feature_packs(session.library.folders)) as features:
        found = features.tracks_of(["slow ferry", "cafe tundra", "nobody"])
    assert all(track.danceability is None for track in found), "AcousticBrainz' is another measure"
    return {track.track: (track.bpm, track.bpm_source) for track in found}


# -- one tempo of several readings ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("readings", "tempo"),
    [
        ([120.0], 120.0),
        ([80.0, 160.2, 160.4], 160.2),
        ([80.2, 160.0, 80.4], 80.2),
        # Of two as frequent that in 70 to 140; and around 140 the median is not torn apart.
        ([60.0, 120.0], 120.0),
        ([139.9, 140.1, 140.3], 140.1),
        ([50.0, 120.0, 121.0], 120.0),
    ],
)
def test_the_tempo_is_the_median_in_the_most_frequent_octave(readings: list[float], tempo: float) -> None:
    numbers = np.full(len(readings), 7)
    found, made, _, _ = compact(numbers, np.array(readings), np.zeros(len(readings)))
    assert found.tolist() == [7]
    assert made[0] == pytest.approx(tempo)


def test_spread_and_the_other_tempo_are_of_each_recording_alone() -> None:
    numbers = np.array([2, 5, 2, 5, 5, 2])
    bpm = np.array([100.0, 90.0, 100.0, 100.0, 110.0, 100.0])
    second = np.array([151.0, 0.0, 149.0, 33.0, 77.0, 50.0])
    found, tempo, spread, other = compact(numbers, bpm, second)
    assert found.tolist() == [2, 5]
    assert tempo.tolist() == [100.0, 100.0]
    assert spread.tolist() == [0.0, pytest.approx(0.1)]
    assert other.tolist() == [150.0, 0.0]


def test_no_reading_is_no_tempo() -> None:
    assert [len(part) for part in compact(np.zeros(0, int), np.zeros(0), np.zeros(0))] == [0, 0, 0, 0]


# -- tempo ----------------------------------------------------------------------------------------------


def test_tempo_of_what_packs_know_by_id_is_kept_and_every_row_accounted_for(
    server: DumpServer, session: Session, tmp_path: Path
) -> None:
    add_tracks(session, tmp_path)
    archive = rhythm_archive(rhythm_table(READINGS))
    server.add_beside("ab/", RHYTHM, archive, SUMS)
    reported: list[tuple[str, int, int]] = []
    (pack,) = fetch(session, server, "tempo", "ab", report=lambda *of: reported.append(of))
    assert (pack.name, pack.kind, pack.items, pack.collected) == (
        "acousticbrainz",
        "features",
        1,
        "2022-06-23",
    )
    assert pack.licence == "CC0 1.0"
    assert pack.checked == "The archive's SHA-256 is the publisher's."
    assert tempos(session) == {
        "Harbour Lights": (pytest.approx(160.5, abs=0.2), "acousticbrainz, or 80"),
    }
    manifest = json.loads((session.library.folders.packs / "acousticbrainz/manifest.json").read_bytes())
    assert manifest["dropped"] == {
        "recording that neither the library nor a pack knows by its id": 2,
        "no tempo": 2,
    }
    assert manifest["download"]["bytes"] == len(archive)
    assert {stage for stage, _, _ in reported} == {"downloading"}
    assert reported[-1][1:] == (len(archive), len(archive))
    assert [done.bytes for done in session.packs.fetches()] == [len(archive)]
    assert not session.library.folders.downloads.exists()


def test_what_the_library_alone_knows_has_a_pack_of_its_own_which_forgetting_takes(
    server: DumpServer, session: Session, tmp_path: Path
) -> None:
    own_track(session, mbid(3).upper())
    server.add_beside("ab/", RHYTHM, rhythm_archive(rhythm_table(READINGS)), SUMS)
    (own,) = fetch(session, server, "tempo", "ab")
    assert (own.name, own.items) == ("acousticbrainz-own", 1)
    add_tracks(session, tmp_path)
    public, own = fetch(session, server, "tempo", "ab")
    assert (public.name, public.items, own.name, own.items) == ("acousticbrainz", 1, "acousticbrainz-own", 1)
    assert tempos(session)["Demo"] == (104.5, "acousticbrainz-own")
    held = {
        pack: b"Nobody" in (session.library.folders.packs / pack / "features.sqlite").read_bytes()
        for pack in (public.name, own.name)
    }
    assert held == {"acousticbrainz": False, "acousticbrainz-own": True}
    (session.library.folders.packs / ".acousticbrainz-own-0123abcd.own.partial").mkdir()
    session.packs.stash(own.name)
    assert "packs/.acousticbrainz-own.aside" in session.forget_all()[0]
    assert [path.name for path in session.library.folders.packs.glob("*own*")] == []
    assert set(tempos(session)) == {"Harbour Lights"}


def test_a_track_a_pack_knows_since_is_no_longer_ones_own_alone(session: Session, tmp_path: Path) -> None:
    own_track(session, mbid(1))
    path = tmp_path / "rhythm.csv"
    path.write_bytes(rhythm_table(READINGS))
    (first,) = session.packs.add(path).packs
    add_tracks(session, tmp_path)
    (second,) = session.packs.add(path).packs
    assert (first.name, second.name) == ("rhythm-own", "rhythm")
    assert {pack.name for pack in session.packs.all() if pack.kind == "features"} == {"rhythm"}


@pytest.mark.parametrize("form", ["archive", "table"])
def test_a_file_of_it_is_taken_the_same_way(session: Session, tmp_path: Path, form: str) -> None:
    add_tracks(session, tmp_path)
    table = rhythm_table(READINGS)
    path = tmp_path / (RHYTHM if form == "archive" else "rhythm.csv")
    path.write_bytes(rhythm_archive(table) if form == "archive" else table)
    reported: list[tuple[int, int]] = []
    added = session.packs.add(path, name="mine", progress=lambda *of: reported.append(of))
    assert [pack.kind for pack in added.packs] == ["features"]
    report = added.features
    assert report is not None
    assert report.rows == len(READINGS) == report.tracks + report.duplicates + sum(report.dropped.values())
    assert (report.tracks, report.duplicates) == (1, 2)
    assert tempos(session)["Harbour Lights"][1] == "mine, or 80"
    assert reported
    assert all(done <= total for done, total in reported)


def test_how_far_readings_are_apart_is_said_with_the_tempo(session: Session, tmp_path: Path) -> None:
    add_tracks(session, tmp_path)
    path = tmp_path / "rhythm.csv"
    path.write_bytes(rhythm_table([(mbid(1), bpm, 0) for bpm in (90, 100, 110)] + [(mbid(2), 120, 181)]))
    session.packs.add(path)
    assert tempos(session) == {
        "Harbour Lights": (100.0, "rhythm, readings 10 % apart"),
        "Snow": (120.0, "rhythm, or 181"),
    }


def test_what_people_said_of_a_track_goes_before_what_acousticbrainz_measured(
    session: Session, tmp_path: Path
) -> None:
    add_tracks(session, tmp_path)
    own, table = tmp_path / "own.csv", tmp_path / "rhythm.csv"
    own.write_text("artist,track,bpm\nSlow Ferry,Harbour Lights,79\n")
    table.write_bytes(rhythm_table(READINGS))
    session.packs.add(own)
    session.packs.add(table)
    assert tempos(session) == {"Harbour Lights": (79.0, "own")}


def test_without_any_id_it_says_so_before_the_archive_is_asked_for(
    server: DumpServer, session: Session
) -> None:
    server.add_beside("ab/", RHYTHM, rhythm_archive(rhythm_table(READINGS)), SUMS)
    with pytest.raises(UnreadableFileError, match="community fetch tracks"):
        fetch(session, server, "tempo", "ab")
    assert server.asked("GET", ".zst") == []


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"mbid,submission_offset,key_key\r\nx,0,A\r\n", "in a known format"),
        (b"mbid,submission_offset,bpm,energy\r\nx,0,1,1\r\n", "another layout"),
        (rhythm_table(READINGS)[:-9], "ends within a line"),
        (rhythm_table([(UNKNOWN, 90, 1)]), "1 recording that neither"),
    ],
)
def test_what_is_not_the_table_or_has_nothing_for_one_is_said(
    session: Session, tmp_path: Path, table: bytes, said: str
) -> None:
    add_tracks(session, tmp_path)
    path = tmp_path / "table.csv"
    path.write_bytes(table)
    with pytest.raises(UnreadableFileError, match=said):
        session.packs.add(path)
    assert {pack.kind for pack in list_packs(session.library.folders)} == {"community"}


# -- what breaks ----------------------------------------------------------------------------------------


@pytest.fixture(params=["tempo", "genres"])
def offered(request, server: DumpServer, session: Session, tmp_path: Path) -> tuple[str, str, bytes]:
    """What is fetched, from which folder, and its archive."""
    add_artists(session, tmp_path)
    add_tracks(session, tmp_path)
    if request.param == "genres":
        noise = b"".join(artist_line(f"{n:032x}", f"X {n * 7919 % 10007}") for n in range(2000))
        return "genres", "json", add_genres(server, ARTISTS + noise)
    rng = np.random.default_rng(3)
    noise = [(f"{n:08x}-0000-4000-8000-000000000001", x, x) for n, x in enumerate(rng.random(4000))]
    archive = rhythm_archive(rhythm_table([*READINGS, *noise]))
    server.add_beside("ab/", RHYTHM, archive, SUMS)
    return "tempo", "ab", archive


def kinds(session: Session) -> list[str]:
    return [pack.kind for pack in session.packs.all() if pack.kind != "community"]


def test_what_breaks_off_goes_on_and_all_of_it_is_checked(
    server: DumpServer, session: Session, offered: tuple[str, str, bytes]
) -> None:
    what, folder, archive = offered
    part = len(archive) // 3
    server.faults = [("drop",), ("cut", part), ("busy",), ("long", 40)]
    (pack,) = fetch(session, server, what, folder)
    assert pack.checked == "The archive's SHA-256 is the publisher's."
    begun = [headers.get("range") for how, path, headers in server.seen if how == "GET" and ".tar." in path]
    assert begun[:4] == [None, None, *[f"bytes={part}-"] * 2]


def test_another_archive_than_its_digest_says_is_not_kept(
    server: DumpServer, session: Session, offered: tuple[str, str, bytes]
) -> None:
    what, folder, archive = offered
    server.always = ("short", len(archive) // 2)
    with pytest.raises(UnreadableFileError, match=r"cannot be read|not what its SHA-256 says"):
        fetch(session, server, what, folder)
    server.always = None
    (sums,) = (path for path in server.files if path.lower().endswith("sha256sums"))
    server.files[sums] = server.files[sums].replace(b"f" * 64, b"0" * 64)
    right = server.files[sums]
    server.files[sums] = b"\n".join(b"0" * 64 + row[64:] for row in right.splitlines())
    with pytest.raises(UnreadableFileError, match="not what its SHA-256 says"):
        fetch(session, server, what, folder)
    assert kinds(session) == []
    server.files[sums] = right
    assert len(fetch(session, server, what, folder)) == 1
    whole, short = hashlib.sha256(archive).hexdigest(), (len(archive) + 1) // 2
    assert [one.bytes for one in session.packs.fetches()] == [short, len(archive), len(archive)]
    assert [one.sha256 for one in session.packs.fetches()][1:] == [whole, whole]


def test_an_archive_without_a_digest_is_not_read(
    server: DumpServer, session: Session, offered: tuple[str, str, bytes]
) -> None:
    what, folder, _ = offered
    (sums,) = (path for path in server.files if path.lower().endswith("sha256sums"))
    server.files[sums] = b"%s  other.tar\n" % (b"f" * 64)
    with pytest.raises(DiscoverError, match="has no SHA-256 of"):
        fetch(session, server, what, folder)
    del server.files[sums]
    with pytest.raises(DiscoverError, match="404"):
        fetch(session, server, what, folder)
    assert not [path for _, path, _ in server.seen if ".tar" in path]


def test_what_was_stopped_goes_on_and_a_full_disk_is_said_before(
    server: DumpServer, session: Session, offered: tuple[str, str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    what, folder, _ = offered
    asked = iter([False] * 6)
    with pytest.raises(CancelledError):
        fetch(session, server, what, folder, cancelled=lambda: next(asked, True))
    assert kinds(session) == []
    from engine.community import remote

    with monkeypatch.context() as full:
        full.setattr(remote.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
        with pytest.raises(DiscoverError, match=r"takes about 1\.1 GB, .* has 0\.0 GB left"):
            fetch(session, server, what, folder)
    assert len(fetch(session, server, what, folder)) == 1


# -- the command ----------------------------------------------------------------------------------------


def test_the_command_says_what_it_is_and_asks(
    server: DumpServer, session: Session, offered: tuple[str, str, bytes], tmp_path: Path, capsys
) -> None:
    what, folder, _ = offered
    command = [
        "--data-dir",
        str(tmp_path / "data"),
        "community",
        "fetch",
        what,
        "--url",
        server.base + folder,
    ]
    assert run(command) == 2
    said = capsys.readouterr().err
    for text in ("CC0", "MB.", "sees your address", "--yes", server.base):
        assert text in said
    assert server.asked("GET", ".zst") == server.asked("GET", ".xz") == []
    assert run([*command, "--yes"]) == 0
    out = capsys.readouterr().out
    assert "The archive's SHA-256 is the publisher's." in out
