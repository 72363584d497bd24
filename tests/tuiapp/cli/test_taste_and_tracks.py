"""Taste and tracks as commands: what is left out, what is judged, and what lists of tracks hold."""

from __future__ import annotations

import csv
import os
import re
import sys
from collections import Counter
from contextlib import closing

from engine.paths import Folders
from engine.privacy import Door
from engine.session.discover import Discover
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from tests.support.commands import document
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tuiapp.cli.main import run

DAY = 86_400


def test_taste_leaves_plays_out_previews_it_and_takes_it_back_exactly(place, capsys) -> None:
    before = document(capsys, "recommend", "-n", "40")
    preview = document(capsys, "taste", "exclude", "--artist", ARTISTS[0], "--dry-run")
    assert preview["exclusion"]["id"] is None
    assert preview["rules"] == []
    assert document(capsys, "recommend", "-n", "40") == before
    done = document(capsys, "taste", "exclude", "--artist", ARTISTS[0].upper())
    assert done["exclusion"] | {"id": None} == preview["exclusion"]
    assert done["listens_excluded"] == 2
    number = done["exclusion"]["id"]
    assert document(capsys, "taste")["rules"] == [{"id": number, "rule": ARTISTS[0], "listens": 2}]
    assert document(capsys, "recommend", "-n", "40") != before
    assert document(capsys, "taste", "include", str(number)) == {"rules": [], "listens_excluded": 0}
    assert document(capsys, "recommend", "-n", "40") == before


def test_a_blocked_and_a_left_out_artist_are_in_no_list_reason_or_export(place, capsys, tmp_path) -> None:
    blocked, left_out = ARTISTS[3], ARTISTS[6]
    assert run(["block", blocked]) == run(["taste", "exclude", "--artist", left_out]) == 0
    assert re.search(r"^This excludes \d+ plays from your taste: ", capsys.readouterr().out, re.MULTILINE)
    for number, arguments in enumerate(
        (
            *(["recommend", "-n", "60", "--new", dial] for dial in ("0", "0.5", "1")),
            ["related", ARTISTS[0], "-n", "59"],
            ["related", ARTISTS[9], "-n", "59", "--json"],
            ["recommend", "-n", "60", "--json"],
            ["export", "--list", "discover", "--format", "csv", "-n", "60", "--out"],
        )
    ):
        target = tmp_path / f"{number}.csv"
        capsys.readouterr()
        assert run([*arguments, *([str(target)] if arguments[-1] == "--out" else [])]) == 0, arguments
        output = capsys.readouterr().out + (target.read_text() if target.exists() else "")
        assert len(output.splitlines()) > 2
        for name in (blocked, left_out):
            assert not re.search(rf"\b{name}\b", output), (arguments, name)


def test_tracks_are_recommended_by_level_judged_alone_and_exported_as_such(place, capsys, tmp_path) -> None:
    capsys.readouterr()
    assert run(["recommend", "--level", "tracks"]) == 3
    assert "discover train --level tracks" in capsys.readouterr().err
    write_model(place, level="tracks", items=90, ensemble={"factors": 0.8, "artist": 0.2})
    connection = open_library(Door(Folders(place)))
    play(connection, ARTISTS[12], "Song 1", DAY)
    play(connection, ARTISTS[15], "Song 2 - Live", DAY)
    connection.close()
    asked = ("recommend", "--level", "tracks", "-n", "20", "--per-artist", "2")
    items = document(capsys, *asked)["items"]
    assert max(Counter(item["artist"] for item in items).values()) == 2
    for item in items:
        assert item["track"].startswith("Song ")
        assert abs(sum(reason["share"] for reason in item["why"]) - 1.0) <= 1e-6
        assert {"artist", "track", "share"} in [reason.keys() for reason in item["why"]]
    single, whole = items[0], items[-1]["artist"]
    assert document(capsys, "block", single["artist"], "--track", single["track"])["feedback"][0]["track"]
    assert run(["hide", whole]) == 0
    capsys.readouterr()
    target = tmp_path / "tracks.csv"
    export = ["export", "--list", "discover", "--level", "tracks", "-n", "90", "--out", str(target)]
    assert run(export) == 0
    capsys.readouterr()
    left = document(capsys, *asked[:-2], "--per-artist", "0", "-n", "90")["items"]
    listed = {(item["artist"], item["track"]) for item in left}
    assert (single["artist"], single["track"]) not in listed
    assert whole not in {artist for artist, _ in listed}
    with target.open(newline="") as file:
        written = {(row["Artist name"], row["Track name"]) for row in csv.DictReader(file)}
    assert len(written) > 10
    assert (single["artist"], single["track"]) not in written
    assert whole not in {artist for artist, _ in written}
    assert run(["unblock", single["artist"], "--track", single["track"]]) == 0
    capsys.readouterr()
    assert run([*asked[:-2], "-n", "90"]) == 0
    assert "track" in capsys.readouterr().out.splitlines()[0]


def test_only_todays_list_before_a_persons_eyes_counts_as_shown(place, capsys, monkeypatch) -> None:
    noted: list[int] = []
    monkeypatch.setattr(Discover, "note_shown", lambda _self, keys: noted.append(len(keys)))
    assert run(["recommend", "-n", "5"]) == 0
    assert noted == [], "a script does not look"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for asked in (["--as-of", "1970-01-08"], ["--until", "1970-01-08"], ["--day", "2020-01-01"], ["--json"]):
        assert run(["recommend", "-n", "5", *asked]) == 0
    assert noted == []
    assert run(["recommend", "-n", "5"]) == 0
    assert noted == [5]


def test_a_verdict_on_a_track_nobody_here_knows_is_refused_with_the_nearest(place, capsys) -> None:
    assert run(["block", ARTISTS[0], "--track", "A Sonk"]) == 1
    assert "Did you mean A Song?" in capsys.readouterr().err
    assert document(capsys, "feedback") == {"feedback": []}
    assert document(capsys, "block", ARTISTS[0], "--track", "a song")["feedback"][0]["track"] == "A Song"
    assert run(["unblock", ARTISTS[0]]) == 0
    assert f"{ARTISTS[0]} has no like, hide or block; nothing changed." in capsys.readouterr().err
    assert document(capsys, "unblock", ARTISTS[0], "--track", "A SONG") == {"feedback": []}


def test_who_is_known_by_a_liked_track_alone_is_known_to_every_command(place, capsys) -> None:
    with closing(open_library(Door(Folders(place)))) as connection:
        for track in ("One Song", "Another"):
            set_verdict(
                connection,
                "like",
                artist="Only Liked",
                artist_key="only liked",
                track=track,
                track_key=track.casefold(),
            )
    marks = document(capsys, "hide", "only liked", "--track", "ONE SONG")["feedback"]
    assert {(mark["track"], mark["verdict"]) for mark in marks} == {("Another", "like"), ("One Song", "hide")}
    assert run(["like", "Only Liked", "--track", "One Sonk"]) == 1
    assert "Only Liked has no track “One Sonk” here. Did you mean One Song?" in capsys.readouterr().err
    assert document(capsys, "artist", "ONLY LIKED")["artist"] == "Only Liked"
    marks = document(capsys, "block", "only liked")["feedback"]
    assert ("Only Liked", "block") in [(mark["artist"], mark["verdict"]) for mark in marks]


def test_tastes_of_tracks_are_numbered_as_they_are_asked_for(place, capsys) -> None:
    write_model(place, level="tracks", items=180)
    connection = open_library(Door(Folders(place)))
    for number in (0, 3, 6, 9, 12):
        for title in ("Song 1", "Song 2"):  # of two of the model's three blocks
            play(connection, ARTISTS[number], title, DAY)
    connection.close()
    modes = document(capsys, "taste", "--level", "tracks")["modes"]
    assert sum(mode["size"] for mode in modes) == 10
    assert len(modes) == 2
    recommend = ("recommend", "--level", "tracks", "--taste")
    lists = [document(capsys, *recommend, str(number))["items"] for number in (1, 2)]
    assert not {item["track"] for item in lists[0]} & {item["track"] for item in lists[1]}
    assert run([*recommend, "3"]) == 1
    assert "No taste 3 of tracks: yours are 1 to 2." in capsys.readouterr().err


def test_an_export_to_an_output_has_no_sentence_in_it(empty, capsys) -> None:
    assert run(["played", "Burel", "Lark", "--seconds", "200"]) == 0
    assert run(["playlists", "create", "Mine"]) == 0
    assert run(["playlists", "add", "Mine", "Burel", "--track", "Lark"]) == 0
    capsys.readouterr()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as listed, os.fdopen(writing, "wb"):
        out = f"/dev/fd/{writing}"
        assert run(["export", "Mine", "--format", "txt", "--out", out]) == 0
        assert listed.read1() == b"Burel - Lark\n"
    # Standard output is one such: what is said there would be another line of the list.
    assert (said := capsys.readouterr()).out == ""
    assert said.err == f"1 track exported to {out}.\n"
