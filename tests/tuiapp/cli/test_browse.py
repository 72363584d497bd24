"""`browse`: its keys, its table, and what it says to a name that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import Folders
from tests.support.commands import document, run
from tests.support.tagged import give_tags


def test_browse_prints_the_tree_and_a_genre(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    give_tags(Folders(place))
    tree = document(capsys, "browse")
    assert [one["name"] for one in tree["genres"]][:3] == ["all artists", "rock", "post-punk"]
    assert tree["genres"][2] == {
        "name": "post-punk",
        "kind": "genre",
        "parent": "rock",
        "artists": 10,
        "known": 4,
        "plays_share": 0.8,
    }
    found = document(capsys, "browse", "post", "punk", "-n", "4", "--only", "new")
    assert (found["genre"], found["kind"], found["artists"], found["known"]) == ("post-punk", "genre", 10, 4)
    assert [item["rank"] for item in found["items"]] == [1, 2, 3, 4]
    assert found["items"][0].keys() >= {"artist", "score", "listeners", "plays", "known"}
    assert run(["browse"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split() == ["post-punk", "10", "4", "80", "%"]
    assert lines[3].startswith("  post-punk"), "below rock"
    assert run(["browse", "rock"]) == 0
    assert "known" in capsys.readouterr().out


def test_browse_says_what_is_missing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["browse", "nowhere"]) == 1
    assert "No genre “nowhere” here." in capsys.readouterr().err
    assert run(["browse"]) == 0
    assert "discover community fetch genres" in capsys.readouterr().err
    assert run(["browse", "rock", "--only", "old"]) == 2
