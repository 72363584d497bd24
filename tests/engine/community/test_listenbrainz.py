"""ListenBrainz' statistics as packs: every form they come in, the traps in them, what is pruned and what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from backports.zstd import compress

from engine.canonical_keys import SEPARATOR
from engine.community.adding import add_packs
from engine.community.condense import Limits
from engine.community.listenbrainz import ARTISTS, TRACKS
from engine.community.pack import Pack, PackContent, PackManifest
from engine.community.packs import list_packs
from engine.community.streams import members
from engine.errors import CancelledError, UnreadableFileError
from engine.paths import Folders
from engine.privacy import Door
from tests.support.communities import table
from tests.support.statistics_dump import archive, artist, line, listeners, recording

ALL = Limits(pair_plays=1, item_listeners=1, listener_share=1)


def read(folder: Path, lines: bytes, limits: Limits = ALL, reader=ARTISTS) -> PackContent:
    path = folder / "artists_all_time.jsonl"
    path.write_bytes(lines)
    return reader.read(path, limits=limits)


# -- forms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["plain", "packed", "archive"])
def test_every_form_gives_the_same_pack(tmp_path: Path, form: str) -> None:
    lines = listeners(40)
    path = {
        "plain": tmp_path / "artists_all_time.jsonl",
        "packed": tmp_path / "artists_all_time.jsonl.zst",
        "archive": tmp_path / "listenbrainz-statistics-dump-20261001-000002.tar.zst",
    }[form]
    path.write_bytes(
        {"plain": lines, "packed": compress(lines), "archive": archive({"artists_all_time": lines})}[form]
    )
    seen: list[tuple[int, int]] = []
    assert ARTISTS.recognises(path)
    content = ARTISTS.read(path, progress=lambda done, total: seen.append((done, total)), limits=ALL)
    assert content.plays.shape == (40, 6)
    assert content.plays.sum() == 40 * (9 + 8 + 7 + 6)
    size = path.stat().st_size if form == "packed" else len(lines)
    assert seen[-1] == (size, size)


def test_add_keeps_no_listener_and_says_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "listenbrainz-statistics-dump-20261001-000002.tar.zst"
    path.write_bytes(
        archive({"artists_all_time": listeners(60) + line(987_654_321, [artist(1, "Artist 1", 1)])})
    )
    door = Door(Folders(tmp_path / "data"))
    added = add_packs(door, path)
    (pack,) = added.packs
    assert (pack.name, pack.level) == ("listenbrainz-statistics-dump-20261001-000002", "artists")
    assert (pack.listeners, pack.items) == (60, 6)
    assert (pack.source, pack.collected, pack.licence) == ("ListenBrainz", "2026-10-01", "CC0 1.0")
    # The archive's other half is empty: said, not fatal.
    assert [text for text in added.left_out if "no listener with plays of tracks" in text]
    manifest: PackManifest = Pack(door.folders.packs / pack.name).manifest
    assert manifest.dropped == {"pair under 2 plays": 1}
    assert "Left out: pairs under 2 plays and artists under 25 listeners." in manifest.notes
    assert any("merged into another is not followed" in note for note in manifest.notes)
    written = b"".join(file.read_bytes() for file in (door.folders.packs / pack.name).iterdir())
    assert b"987654321" not in written
    assert np.int32(987_654_321).tobytes() not in written
    assert np.int64(987_654_321).tobytes() not in written


def test_small_files_are_held_to_the_same_limits_and_say_so(tmp_path: Path) -> None:
    path = tmp_path / "artists_all_time.jsonl"
    path.write_bytes(listeners(20))
    door = Door(Folders(tmp_path / "data"))
    with pytest.raises(UnreadableFileError, match=r"20 listeners with plays, and no artist that 25 of them"):
        add_packs(door, path)
    assert list_packs(door.folders) == []


# -- names and ids ------------------------------------------------------------------------------------


def test_an_artist_with_and_without_id_is_one_where_the_name_has_one_id(tmp_path: Path) -> None:
    content = read(
        tmp_path,
        line(1, [artist(1, "Slow Ferry", 412), artist(2, "Café Tundra", 96), artist(None, "SLOW  FERRY", 3)])
        + line(10, [{"listen_count": 5, "artist_name": "Cafe\u0301 Tundra"}])
        # Two artists are called so: the one without an id may be either.
        + line(100, [artist(3, "Burel", 7), artist(4, "Burel", 8), artist(None, "Burel", 9)])
        + line(2, [artist(None, "Nobody Knows", 2), artist(2, "Café Tundra", 1)]),
    )
    assert sorted(content.names) == ["Burel", "Burel", "Café Tundra", "Slow Ferry"]
    assert sorted(content.plays.data.tolist()) == [1, 5, 7, 8, 96, 415]
    assert content.dropped == {"play of a name without one id": 2}
    assert "2 spellings without one joined" in content.notes[1]
    assert "1 name here has several ids" in content.notes[3]


def test_a_joint_credit_counts_for_each_where_all_are_known(tmp_path: Path) -> None:
    content = read(
        tmp_path,
        line(1, [artist(1, "Slow Ferry", 4), artist(2, "Ida", 5), artist(3, "Harbour & Sons", 6)])
        + line(2, [artist(None, "Slow Ferry feat. Ida", 3), artist(None, "Harbour and Sons", 2)])
        + line(3, [artist(None, "Ida & A Stranger", 8), artist(1, "Slow Ferry", 1)]),
    )
    assert table(content) == {
        (0, "Slow Ferry"): 4,
        (0, "Ida"): 5,
        (0, "Harbour & Sons"): 6,
        (1, "Slow Ferry"): 3,
        (1, "Ida"): 3,
        (1, "Harbour & Sons"): 2,
        (2, "Slow Ferry"): 1,
    }
    assert "1 joint credit without an id counts" in content.notes[2]


def test_odd_letters_and_separators_stay_names(tmp_path: Path) -> None:
    names = ["夜の港", "Ѐ́х", "🦊", "a\u0000b", f"one{SEPARATOR}two", "  ", "line\nbreak"]
    content = read(tmp_path, line(1, [artist(n, name, 2) for n, name in enumerate(names)]))
    assert list(content.names) == ["夜の港", "Ѐ́х", "🦊", "a\u0000b", "one two", "line\nbreak"]
    assert content.dropped == {"entry without an artist's name": 1}


def test_nobody_is_no_artist(tmp_path: Path) -> None:
    names = ["Various Artists", "[unknown]", "[traditional]", "[no artist]", "[bracketed]", "Ida"]
    content = read(tmp_path, line(1, [artist(n, name, 2) for n, name in enumerate(names)]))
    assert list(content.names) == ["[bracketed]", "Ida"]
    assert content.dropped == {"entry without an artist's name": 4}
    tracks = read(
        tmp_path, line(1, [recording(1, "[unknown]", "Snow", 2), recording(2, "Ida", "Snow", 2)]), ALL, TRACKS
    )
    assert list(tracks.names) == [f"Ida{SEPARATOR}Snow"]


# -- pruning and capping ------------------------------------------------------------------------------


def test_rare_pairs_and_items_are_pruned_and_empty_listeners_go(tmp_path: Path) -> None:
    content = read(
        tmp_path,
        line(1, [artist(1, "Known", 2), artist(2, "Once", 1)])
        + line(2, [artist(1, "Known", 3), artist(3, "Rare", 9)])
        + line(3, [artist(2, "Once", 1)]),
        Limits(pair_plays=2, item_listeners=2, listener_share=1),
    )
    assert table(content) == {(0, "Known"): 2, (1, "Known"): 3}
    assert content.dropped == {"pair under 2 plays": 2, "item under 2 listeners": 1}


def test_a_bot_counts_no_more_than_the_keenest_listener(tmp_path: Path) -> None:
    lines = b"".join(line(n, [artist(1, "Slow Ferry", 10), artist(2, "Ida", n)]) for n in range(1, 11))
    content = read(
        tmp_path,
        lines + line(11, [artist(1, "Slow Ferry", 1_000_000), artist(2, "Ida", 1)]),
        Limits(pair_plays=1, item_listeners=1, listener_share=0.9),
    )
    assert content.plays.sum(axis=1).max() <= 21
    assert content.plays.data.min() >= 1
    assert content.notes[-1] == "1 listener with more than 20 plays was scaled down to that."


# -- what is not as it should be ----------------------------------------------------------------------


def test_bad_lines_are_counted_by_reason_and_the_rest_of_them_is_kept(tmp_path: Path) -> None:
    content = read(
        tmp_path,
        b"not json\n\n"
        + b'[1, 2]\n{"user_id": 1}\n{"data": null}\n'
        + line(1, [artist(1, "Slow Ferry", None), artist(1, "Slow Ferry", -3), artist(2, "Ida", 4)])
        + line(2, [artist(1, "Slow Ferry", "7"), artist(2, "Ida", {"a": 1}), artist(2, "Ida", 5.0)])
        + line(3, [], to_ts="soon")
        + b'{"data": [{"listen_count": 2, "artist_name": "\xff"}]}\n'
        + line(4, [artist(2, "Ida", 6)])[:-9],
    )
    assert table(content) == {(0, "Ida"): 4, (1, "Slow Ferry"): 7, (1, "Ida"): 5}
    assert content.dropped == {
        "line that is not JSON, or cut short": 2,
        "line of another layout": 3,
        "entry of another layout": 3,
        "entry without plays": 1,
        "listener without plays": 7,
    }
    assert [str(one).partition(":")[0] for one in content.bad.first][-1].endswith("line 6")
    assert content.bad.entries == {"entry of another layout": 2}


@pytest.mark.parametrize("members", [{}, {"artists_all_time": b"\n"}])
def test_an_empty_member_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    path = tmp_path / "d.tar.zst"
    path.write_bytes(archive(members))
    with pytest.raises(UnreadableFileError, match="no listener with plays of artists"):
        ARTISTS.read(path, limits=ALL)


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / "d.tar.zst"
    path.write_bytes(archive({}, leave_out=["artists_all_time"]))
    with pytest.raises(UnreadableFileError, match=r"d\.tar\.zst has no artists_all_time\.jsonl"):
        ARTISTS.read(path, limits=ALL)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_an_archive_cut_short_before_the_members_end_is_refused(tmp_path: Path, share: float) -> None:
    rng = np.random.default_rng(7)
    lines = b"".join(
        line(n, [artist(int(i), f"Artist {i}", int(p)) for i, p in rng.integers(1, 99_999, (50, 2))])
        for n in range(400)
    )
    whole = archive({"artists_all_time": lines})
    path = tmp_path / "d.tar.zst"
    path.write_bytes(whole[: int(len(whole) * share) or 6])
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        ARTISTS.read(path, limits=ALL)


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    whole = bytearray(archive({"artists_all_time": listeners(3000)}))
    whole[16:56] = b"\xff" * 40
    path = tmp_path / "d.tar.zst"
    path.write_bytes(whole)
    with pytest.raises(UnreadableFileError, match=r"d\.tar\.zst.* cannot be read"):
        ARTISTS.read(path, limits=ALL)


def test_nothing_after_the_member_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = rng.bytes(20 << 20)
    whole = archive({"artists_all_time": listeners(50), "recordings_all_time": noise})
    path = tmp_path / "d.tar.zst"
    path.write_bytes(whole[: len(whole) // 2])
    assert ARTISTS.read(path, limits=ALL).plays.shape == (50, 6)


def test_reading_stops_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "artists_all_time.jsonl"
    path.write_bytes(listeners(5))
    with pytest.raises(CancelledError):
        ARTISTS.read(path, cancelled=lambda: True, limits=ALL)


# -- tracks -------------------------------------------------------------------------------------------


def test_a_recording_on_two_releases_is_one_and_goes_by_its_first_artist(tmp_path: Path) -> None:
    lines = line(
        1,
        [
            recording(1, "Slow Ferry", "Harbour Lights", 40, "Out of Season"),
            recording(1, "Slow Ferry", "Harbour Lights", 2, "Best of"),
            recording(2, "Café Tundra & DJ Møns", "Snow", 12),
            recording(None, "slow ferry", "harbour lights", 1),
            recording(None, "Nobody", "Demo", 1),
        ],
    )
    content = read(tmp_path, lines, ALL, TRACKS)
    assert content.level == "tracks"
    assert table(content) == {
        (0, "Slow Ferry / Harbour Lights"): 43,
        (0, "Café Tundra / Snow"): 12,
    }
    assert content.dropped == {"play of a name without one id": 1}


def test_what_a_file_counts_decides_who_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines = {
        "artists": line(1, []) + line(2, [artist(1, "Ida", 3)]),
        "tracks": line(1, [recording(1, "Ida", "Snow", 3)]),
        "releases": line(1, [{"listen_count": 3, "release_name": "Snow", "artist_name": "Ida"}]),
        "days": line(1, [{"day": "Monday", "hour": 7, "listen_count": 12}]),
    }
    known = {}
    for kind, text in lines.items():
        path.write_bytes(text)
        known[kind] = (ARTISTS.recognises(path), TRACKS.recognises(path))
    assert known == {
        "artists": (True, False),
        "tracks": (False, True),
        "releases": (False, False),
        "days": (False, False),
    }


def test_an_archive_with_both_is_gone_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = b"".join(
        line(n, [recording(1 + k, "Slow Ferry", f"Song {k}", 9 - k) for k in range(4)]) for n in range(1, 61)
    )
    path = tmp_path / "listenbrainz-statistics-dump-20261001-000002.tar.zst"
    path.write_bytes(archive({"artists_all_time": listeners(60), "recordings_all_time": tracks}))
    through = []
    monkeypatch.setattr(
        "engine.community.listenbrainz.members",
        lambda *asked, **more: through.append(asked[2]) or members(*asked, **more),
    )
    reports: list[tuple[int, int]] = []
    added = add_packs(Door(Folders(tmp_path / "data")), path, progress=lambda *at: reports.append(at))
    assert [(pack.level, pack.listeners, pack.items) for pack in added.packs] == [
        ("artists", 60, 6),
        ("tracks", 60, 4),
    ]
    assert through == [["/artists_all_time.jsonl", "/recordings_all_time.jsonl"]]
    shares = [done / total for done, total in reports]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_bad_lines_are_reported_by_their_number_without_the_listeners(tmp_path: Path) -> None:
    path = tmp_path / "artists_all_time.jsonl"
    path.write_bytes(
        listeners(30) + b'{"user_id": 987654, "data": null}\n' + listeners(30) + b'{"user_id": 987655, "da'
    )
    content = ARTISTS.read(path)
    assert [(bad.file, bad.line, bad.reason) for bad in content.bad.first] == [
        ("artists_all_time.jsonl", 31, "line of another layout"),
        ("artists_all_time.jsonl", 62, "line that is not JSON, or cut short"),
    ]
    assert "98765" not in "".join(map(str, content.bad.first))


@pytest.mark.parametrize("block", [50, 1 << 10])
@pytest.mark.parametrize("at", [0, 20, 60])
def test_a_line_longer_than_any_is_one_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, at: int
) -> None:
    monkeypatch.setattr("engine.community.streams.BLOCK", block)
    monkeypatch.setattr("engine.community.streams._MAX_LINE", 20_000)
    lines = listeners(60).splitlines(keepends=True)
    # Its end would be a good line.
    lines.insert(at, b'{"user_id": 987654, "x": "' + b"x" * 50_000 + lines[7])
    content, whole = read(tmp_path, b"".join(lines)), read(tmp_path, listeners(60))
    assert content.bad.reasons == {"line that is not JSON, or cut short": 1}
    assert [bad.line for bad in content.bad.first] == [at + 1]
    assert content.plays.sum() == whole.plays.sum()


def test_a_file_that_is_not_of_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("BLOCK", 1 << 10), ("_MAX_LINE", 20_000), ("_MAX_PASSED", 3 << 20)):
        monkeypatch.setattr(f"engine.community.streams.{name}", size)
    with pytest.raises(UnreadableFileError, match=r"has a line of more than 3 MiB"):
        read(tmp_path, b'{"user_id": 1, "x": "' + b"x" * (4 << 20) + b'"}\n' + listeners(60))


def test_a_file_most_lines_of_which_are_bad_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "artists_all_time.jsonl"
    path.write_bytes(listeners(30) + b'{"data": 3}\n' * 31)
    with pytest.raises(
        UnreadableFileError, match=r"31 of 61 lines cannot be used \(31 line of another layout\)"
    ):
        ARTISTS.read(path)


def test_statistics_without_any_id_are_refused_for_that(tmp_path: Path) -> None:
    lines = b"".join(line(n, [artist(None, "Slow Ferry", 10), artist(None, "Ida", 9)]) for n in range(40))
    with pytest.raises(UnreadableFileError, match=r"has 2 names of artists and no MusicBrainz id"):
        read(tmp_path, lines)
