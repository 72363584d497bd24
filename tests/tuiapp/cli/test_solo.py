"""The command line over a model of one's own listening: sessions for listeners, reasons as facts, honest figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.errors import NothingYetError
from engine.model.ensemble import SOLO_WEIGHTS
from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.store.database import open_library
from engine.training.artifact import MANIFEST, open_model, read_manifest, write_manifest
from engine.training.manifest import ModelManifest
from engine.training.train import TrainingSettings
from tests.support.factorizing import plays
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tuiapp.cli.main import run
from tuiapp.widgets.facts import in_short

DAY = 86_400
MEASURED = {
    "sessions": 141,
    "too_few": False,
    "orders": {
        "Discover": {"hit@10": 0.312, "ndcg@10": 0.122, "error": 0.0},
        "recency": {"hit@10": 0.17, "ndcg@10": 0.053, "error": 0.03},
        "sessions": {"hit@10": 0.291, "ndcg@10": 0.119, "error": 0.03},
    },
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Artists that rested, played on one to five days, and two that are played now."""
    found = write_model(tmp_path_factory.mktemp("solo") / "data", solo=True, plays=plays(60, 60))
    connection = open_library(Door(found))
    for number in range(5):
        play(connection, ARTISTS[number], "Old", *((10 * number + day) * DAY for day in range(number + 1)))
    for number in (9, 12):
        play(connection, ARTISTS[number], "New", 300 * DAY + number)
    connection.close()
    return found


def measured_as(folders: Folders, measured: dict[str, Any] | None) -> None:
    folder = folders.models / "made-by-hand"
    write_manifest(
        folder, msgspec.structs.replace(read_manifest(folder), validation={"resurfacing": measured})
    )


def test_recommend_lists_sessions_and_facts(folders: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data-dir", str(folders.root)]
    assert run(["recommend", "--json", *data]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert {item["artist"]: item["sessions"] for item in items} == {ARTISTS[n]: n + 1 for n in range(5)}
    for item in items:
        assert sum(share["share"] for share in item["why"]) == pytest.approx(1.0)
        assert sum(share["share"] for share in item["tastes"]) == pytest.approx(1.0)
        assert sum(one["share"] for one in item["reasons"] if one["share"] > 0) == pytest.approx(1.0)
        assert item["last_played"].startswith("1970-")
    assert run(["recommend", *data]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert "sessions" in heading
    assert "listeners" not in heading
    assert any("played in 5 sessions, more than 80 % of what has rested" in row for row in rows)


def test_no_list_counts_ones_own_sessions_as_listeners(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data-dir", str(folders.root)]
    assert run(["related", ARTISTS[0], *data]) == 0
    assert "sessions" in capsys.readouterr().out.splitlines()[0]
    with Session(folders) as session:
        assert {hit.listeners for hit in session.artists.search(ARTISTS[0])} == {0}
        card = session.artist_pages.of(ARTISTS[3])
    assert (card.listeners, card.sessions) == (0, 4)
    assert run(["artist", ARTISTS[3], *data]) == 0
    assert "4 sessions" in capsys.readouterr().out


def test_evaluate_says_what_is_served_and_where_it_is_too_few(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data-dir", str(folders.root)]
    measured_as(folders, MEASURED)
    assert run(["evaluate", "--json", *data]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["split"] == {"sessions": 141, "too_few": False}
    assert [(one["name"], one["hit@10"]) for one in document["methods"]][:2] == [
        ("Discover", 0.312),
        ("recency", 0.17),
    ]
    assert run(["evaluate", *data]) == 0
    said = capsys.readouterr().out
    assert "141 of your listening sessions" in said
    assert "Discover finds more than recency alone (0.312 against 0.170)." in said
    assert (
        "Discover and sessions alone differ by no more than chance could explain (0.312 against 0.291)."
        in said
    )
    measured_as(folders, MEASURED | {"sessions": 27, "too_few": True})
    assert run(["evaluate", *data]) == 0
    said = capsys.readouterr().out
    assert "Only 27 sessions: too few to tell one order from another." in said
    assert "finds more" not in said
    measured_as(folders, None)
    assert run(["evaluate", *data]) == 3
    assert "of an earlier version" in capsys.readouterr().err
    measured_as(folders, {})
    assert run(["evaluate", *data]) == 3
    assert "go back to artists you had not played for 30 days" in capsys.readouterr().err


def test_a_solo_model_of_before_opens_by_the_weights_of_today_and_claims_no_quality(tmp_path: Path) -> None:
    before = write_model(tmp_path, solo=True, ensemble={"recency": 1.0})
    path = before.models / "made-by-hand" / MANIFEST
    written = msgspec.json.decode(path.read_bytes(), type=ModelManifest)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(written, validation={"nDCG@20": 0.5})))
    model = open_model(before)
    assert model.manifest.ensemble == SOLO_WEIGHTS
    assert model.manifest.validation == {}
    assert "not measured" in in_short(model.manifest, 60).plain
    model.close()


def test_many_plays_in_few_sessions_are_said_to_be_too_few_alone(tmp_path: Path) -> None:
    with Session(Folders(tmp_path)) as session:
        for number in range(19 * 4):
            day, place = divmod(number, 4)
            play(session.library.connection, ARTISTS[number % 25], "A Song", 86_400 * (day + 1) + 300 * place)
        assert session.status().too_few_alone, "19 sessions"
        with pytest.raises(NothingYetError, match="19 listening sessions with 25 artists"):
            session.training.train(TrainingSettings(tune=False))
        play(session.library.connection, ARTISTS[0], "A Song", 86_400 * 40)
        assert not session.status().too_few_alone, "20 sessions"


def test_plays_without_dates_are_said_to_be_too_few_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Session(Folders(tmp_path)) as session:
        for name in ARTISTS[:30]:
            play(session.library.connection, name, "A Song", None)
    assert run(["--data-dir", str(tmp_path), "doctor"]) == 0
    assert "too few to learn from alone" in " ".join(capsys.readouterr().out.split())
    assert run(["--data-dir", str(tmp_path), "train"]) == 3
    assert "0 artists, by their dates, which not all your plays have;" in capsys.readouterr().err


def test_what_a_solo_model_does_not_know_is_not_said_to_be_missing_from_community_data(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = open_library(Door(folders))
    play(connection, "Brandnew", "One", 301 * DAY)
    connection.close()
    asked = ["--data-dir", str(folders.root)]
    run([*asked, "artist", "Brandnew"])
    run([*asked, "related", "Brandnew"])
    run([*asked, "mix", "Brandnew"])
    run([*asked, "recommend", "--from-library"])
    said = " ".join("".join(capsys.readouterr()).split())
    assert said.count("in the sessions the model was trained on") == 4
    assert "in the community data" not in said
