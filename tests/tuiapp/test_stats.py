"""`discover stats`, as text and as a document."""

from __future__ import annotations

import json
from pathlib import Path

from engine.paths import Folders
from tests.support.places import PLAYED
from tuiapp.cli.main import run


def test_stats_say_what_was_played_in_words_and_as_a_document(
    filled: Folders, empty: Folders, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(filled.root))
    assert run(["stats", "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    plays = sum(2 + number % 5 for number in PLAYED)
    assert (
        output["listens"]
        == plays
        == sum(output["by_weekday"])
        == sum(output["by_hour"])
        == sum(output["by_month"].values())
    )
    assert set(output) == {
        "year", "listens", "undated", "timed", "hours", "artists", "tracks", "first", "last",
        "top_artists", "top_tracks", "by_month", "by_week", "by_weekday", "by_hour",
        "fading", "overdue", "tastes", "by_day",
    }  # fmt: skip
    assert output["top_artists"][0].keys() == {"artist", "plays"}
    assert output["top_tracks"][0].keys() == {"artist", "track", "plays"}
    assert run(["stats"]) == 0
    assert capsys.readouterr().out.startswith(f"{plays} plays of 12 tracks by 12 artists")
    assert run(["stats", "--year", "1999"]) == 3
    assert capsys.readouterr().err == "error: No plays in 1999.\n"
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(Path(empty.root)))
    assert run(["stats"]) == 3
    assert "discover import" in capsys.readouterr().err
