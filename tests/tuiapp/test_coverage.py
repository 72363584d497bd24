"""How much of the person's plays the community data knows, said wherever it matters, and first where it is little."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from engine.taste.coverage import advice
from tests.support.commands import document
from tests.support.communities import write_community
from tests.support.listens import play
from tests.support.models import names, write_model
from tuiapp.cli.main import run
from tuiapp.settings.in_keys import in_keys
from tuiapp.settings.keys import Keymap

ARTISTS = names(42)
DAY = 86_400
BASE = 1_500_000_000
LAST = 2000 * DAY
# Five artists the community knows with seven plays in all, and one it does not know with three.
SAID = "The community data (crowd) knows 5 of your 6 artists, 70 % of your plays."
TRAINED = ("--no-tune", "--factors", "8", "--iterations", "3")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A history as a table; the last artist was first played lately, so that there is something to look back on."""
    rows = [(ARTISTS[n], 1000 * DAY + n * 3600) for n in (0, 3, 6, 9)]
    rows += [(ARTISTS[0], 1100 * DAY), (ARTISTS[0], 1200 * DAY), (ARTISTS[12], LAST)]
    rows += [("The Lanterns", 1300 * DAY + n * DAY) for n in range(3)]
    file = tmp_path / "history.csv"
    file.write_text("artist,track,uts\n" + "".join(f"{artist},A Song,{BASE + at}\n" for artist, at in rows))
    return file


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def crowd(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A community pack."""
    folder = write_community(tmp_path / "crowd", artists=ARTISTS)
    assert run(["community", "add", str(folder)]) == 0
    capsys.readouterr()
    return folder


@pytest.fixture
def listener_of_others(root: Path) -> Path:
    """A model by hand, and a person of whose plays it knows a quarter."""
    write_model(root)
    connection = open_library(Door(Folders(root)))
    play(connection, ARTISTS[0], "A Song", 0)
    play(connection, "The Lanterns", "Slow Ferry", 1, 10_000, 20_000)
    connection.close()
    return root


def test_from_import_to_evaluation_each_command_says_it(crowd, history, capsys) -> None:
    for command in (
        ["import", str(history)],
        ["train", *TRAINED],
        ["recommend"],
        ["recommend", "--half-life", "30"],
        ["evaluate"],
    ):
        assert run(command) == 0
        printed = capsys.readouterr()
        assert printed.err.splitlines()[0] == SAID, command
        assert SAID not in printed.out
        assert run([*command, "--quiet"]) == 0
        assert SAID not in capsys.readouterr().err
    assert run(["doctor"]) == 0
    assert f"  - {SAID}" in capsys.readouterr().out.splitlines()


def test_each_document_has_it(crowd, history, capsys) -> None:
    expected = {
        "level": "artists",
        "packs": ["crowd"],
        "artists": 5,
        "of": 6,
        "plays_share": pytest.approx(0.7),
        "source": "crowd",
        "collected": "",
    }
    assert document(capsys, "import", str(history), "--dry-run")["coverage"] is None
    for command in (["import", str(history)], ["train", *TRAINED], ["recommend"], ["evaluate"]):
        assert document(capsys, *command)["coverage"] == expected, command
    report = document(capsys, "doctor")
    assert report["coverage"] == [expected | {"pack": "crowd"}]
    assert report["next"] == ["Nothing: all good."]
    [pack] = document(capsys, "community", "list")["packs"]
    assert pack["known"] == {"artists": 5, "of": 6, "plays_share": pytest.approx(0.7)}


def test_a_pack_says_what_it_knows_when_it_is_added_and_listed(crowd, history, capsys) -> None:
    assert run(["community", "list"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.endswith("your plays")
    assert row.endswith("MB"), "nothing was played: nothing is said"
    assert run(["import", str(history), "--quiet"]) == 0
    assert run(["community", "add", str(crowd)]) == 0
    assert "crowd: 90 listeners, 42 artists, 5 of your 6 among them." in capsys.readouterr().out
    assert run(["community", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("  70 %")


def test_where_it_is_low_that_comes_first_with_what_to_do(listener_of_others, capsys) -> None:
    said = "The community data (made up) knows 1 of your 2 artists, 25 % of your plays."
    assert run(["recommend"]) == 0
    first, advice, *_ = capsys.readouterr().err.splitlines()
    assert first == said
    assert "discover community add PATH" in advice
    assert run(["evaluate"]) == 3, "there is nothing to measure, by that"
    assert capsys.readouterr().err.splitlines()[:2] == [first, advice]
    report = document(capsys, "doctor")
    assert report["next"][0].startswith(said)
    assert "discover community add PATH" in report["next"][0]
    assert report["coverage"][0]["plays_share"] == 0.25


@pytest.mark.parametrize(
    ("level", "fetch", "train"), [("artists", "", ""), ("tracks", " tracks", " --level tracks")]
)
def test_what_to_do_is_said_with_the_commands_of_the_level(level, fetch, train) -> None:
    said = advice(level)
    assert f"discover community fetch{fetch}, or from a file: discover community add PATH." in said
    assert said.endswith(f"discover train{train}.")
    assert "discover" not in in_keys(said, Keymap()), "each is a key in the app"


def test_who_is_not_known_at_all_reads_by_what(root, capsys) -> None:
    write_model(root)
    connection = open_library(Door(Folders(root)))
    play(connection, "The Lanterns", "Slow Ferry", 1)
    connection.close()
    assert run(["recommend"]) == 3
    assert "The community data (made up) knows none of your 1 artist." in capsys.readouterr().err
    assert document(capsys, "doctor")["next"][0].startswith("The community data (made up) knows none")


def test_of_a_model_of_ones_own_listening_nothing_of_it_is_said(root, capsys) -> None:
    write_model(root, solo=True)
    connection = open_library(Door(Folders(root)))
    play(connection, ARTISTS[0], "A Song", 0)
    play(connection, "The Lanterns", "Slow Ferry", *range(1, 100_000, 1000))
    connection.close()
    assert document(capsys, "recommend")["coverage"] is None
    assert run(["recommend"]) == 0
    assert "community data (" not in capsys.readouterr().err
    report = document(capsys, "doctor")
    assert report["coverage"] == []
    assert report["next"] == ["Nothing: all good."]
    assert run(["doctor"]) == 0
    assert "coverage" not in capsys.readouterr().out


def test_removing_a_pack_a_model_was_trained_on_is_explained_and_breaks_nothing(
    crowd, history, capsys
) -> None:
    assert run(["import", str(history)]) == 0
    assert run(["train", *TRAINED]) == 0
    capsys.readouterr()
    before = document(capsys, "recommend")
    assert run(["community", "remove", "crowd"]) == 0
    why = "The model of artists was trained on crowd, since removed: it recommends as before"
    assert why in capsys.readouterr().err
    assert document(capsys, "recommend") == before, "coverage too is the model's"
    assert run(["evaluate"]) == 0
    output = capsys.readouterr()
    assert why in output.err
    assert "so item neighbours and item cosine (log plays) could not be measured" in output.out
    assert any(why in line for line in document(capsys, "doctor")["next"])
    assert document(capsys, "import", str(history))["coverage"] == before["coverage"]
    run(["train", *TRAINED])
    assert "takes the place of the model trained on crowd." in capsys.readouterr().err


def test_an_import_beside_a_damaged_model_still_reports(root, history, capsys) -> None:
    write_model(root)
    (root / "models" / "made-by-hand" / "manifest.json").write_bytes(b"{")
    done = document(capsys, "import", str(history))
    assert done["totals"]["kept"] == 10
    assert done["coverage"] is None


def test_listing_packs_makes_no_library(root, capsys) -> None:
    assert document(capsys, "community", "list") == {"packs": []}
    assert not root.exists()
