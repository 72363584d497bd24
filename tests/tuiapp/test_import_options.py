"""What an import's report calls for is done in the app: options are typed after the path, in the app's words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Input

from engine import job
from engine.paths import Folders
from engine.session import Session
from tests.support.driving import screen_text, settled
from tuiapp.app.app import DiscoverApp
from tuiapp.app.help_texts import how_to_export
from tuiapp.job import Job
from tuiapp.screens.dialogs import AskPath, ShowText
from tuiapp.typed_paths import IMPORT_WORDS, as_typed_here, with_options

README = Path(__file__).parents[2] / "README.md"
# Noon of 2021-06-01 by the player's own clock.
LOG = "#AUDIOSCROBBLER/1.1\n#TZ/UNKNOWN\nSomebody\tA\tSong\t1\t200\tL\t1622548800\t\n"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own takes a second to begin."""

    async def run(started: Job, root: Path, _changed: object) -> dict[str, object]:
        asked = job._parser().parse_args(["--data-dir", str(root), *started.arguments])

        def work() -> object:
            with Session(Folders(root)) as session:
                return job._COMMANDS[asked.command](asked, session, job.Reporter(), lambda: False)

        return {"type": "done", "result": await asyncio.to_thread(work)}

    monkeypatch.setattr("tuiapp.app.jobs.run_job", run)


async def test_a_zone_is_asked_for_by_its_key_and_typed_after_the_path(
    empty: Folders, tmp_path: Path
) -> None:
    log = tmp_path / "my player.log"
    log.write_text(LOG)
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await settled(pilot)
        for word in IMPORT_WORDS:
            assert f"{word}=" in screen_text(app)
        assert "--" not in screen_text(app), "no word of the command line"
        app.screen.query_one(Input).value = str(log)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
        assert "i     import again, with zone= after the path" in screen_text(app)
        assert "give its time zone with zone=NAME" in " ".join(screen_text(app).split())
        assert "--zone" not in screen_text(app)
        await pilot.press("i")
        await settled(pilot, lambda: isinstance(app.screen, AskPath))
        line = app.screen.query_one(Input)
        assert line.value == f"{log} zone="
        await pilot.press("enter")
        await settled(pilot)
        assert "zone= needs a value, such as zone=Europe/Copenhagen." in screen_text(app)
        await pilot.press(*"Japan", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
        assert "zone=" not in screen_text(app)
    with Session(empty) as session:
        (play,) = session.history.listens(session.history.listen_ids())
        assert play.started_at == 1622548800 - 9 * 3600


async def test_that_there_is_no_backup_is_in_the_report(empty: Folders, tmp_path: Path) -> None:
    for name, second in (("one.csv", 1), ("two.csv", 2)):
        (tmp_path / name).write_text(f"artist,track,time\nSomebody,Song,2021-06-0{second} 12:00\n")
    with Session(empty) as session:
        session.history.import_paths([tmp_path / "one.csv"])
    empty.backups.write_bytes(b"")
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await settled(pilot)
        app.screen.query_one(Input).value = str(tmp_path / "two.csv")
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
        assert "This import went ahead without a backup" in " ".join(screen_text(app).split())


async def test_columns_are_named_after_the_path_of_a_table_of_unknown_shape(
    empty: Folders, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("who,what,moment\nSomebody,Song,2021-06-01 12:00\n")
    app = DiscoverApp(empty)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await settled(pilot)
        app.screen.query_one(Input).value = str(table)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
        assert "import again, with columns= after the path" in screen_text(app)
        await pilot.press("i")
        await settled(pilot, lambda: isinstance(app.screen, AskPath))
        app.screen.query_one(Input).value += "artist=who,track=what,time=moment"
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
    with Session(empty) as session:
        assert session.history.counts().listens == 1


def test_a_path_that_holds_an_option_is_a_path(tmp_path: Path) -> None:
    odd = tmp_path / "my --zone songs.csv"
    odd.write_text("x")
    assert with_options(str(odd)) == (str(odd), [])
    assert with_options("/a.csv columns='time=Played At' zone=Asia/Tokyo private=keep") == (
        "/a.csv",
        ["--map", "time=Played At", "--zone", "Asia/Tokyo", "--keep-private"],
    )
    assert with_options("/a.csv --map='time=Played At'") == ("/a.csv", ["--map", "time=Played At"])
    assert with_options("/a.csv --zones") == ("/a.csv --zones", [])


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("a zone=", "zone= needs a value, such as zone=Europe/Copenhagen"),
        ("a zone= encoding=x", "zone= needs a value"),
        ("a --zone --encoding x", "zone= needs a value"),
        ("a encoding='x", "quotation mark"),
        ("a private=yes", "such as private=keep"),
        ("a --keep-private b", "b is not known here. Use zone=, encoding="),
    ],
)
def test_options_that_cannot_be_read_say_what_is_expected(typed: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        with_options(typed)


def test_what_the_engine_says_of_options_is_said_as_it_is_typed_here() -> None:
    assert as_typed_here("say whose with --map user=NAME") == "say whose with columns=user=NAME"
    assert (
        as_typed_here("“x” is not a valid --map. Write artist=A")
        == "“x” is not a valid columns=. Write artist=A"
    )
    assert as_typed_here("read with --encoding NAME, such as") == "read with encoding=NAME, such as"
    assert as_typed_here("asked for by --keep-private") == "asked for by private=keep"


def test_the_dialog_names_every_service_of_the_readmes_table() -> None:
    table = README.read_text().partition("| service | how to get your history |")[2].partition("\n\n")[0]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]
    assert len(rows) > 15
    shown = how_to_export(10_000)
    named = [name.removeprefix("other ") for row in rows for name in row.split(", ")]
    assert [name for name in named if name not in shown] == []


async def test_what_was_wrong_is_not_said_of_another_text(empty: Folders, tmp_path: Path) -> None:
    log = tmp_path / "player.log"
    log.write_text(LOG)
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await settled(pilot)
        line = app.screen.query_one(Input)

        def wrong() -> str:
            found = app.screen.query_one(".wrong")
            return str(found.render()) if found.display else ""

        line.value = f"{tmp_path}/pl"
        await pilot.press("enter")
        await settled(pilot, lambda: bool(wrong()))
        await settled(pilot, lambda: bool(line._suggestion))
        await pilot.press("tab")
        await settled(pilot)
        assert (line.value, wrong()) == (str(log), "")
        line.value = f"{tmp_path}/nothing"
        await pilot.press("enter")
        await settled(pilot, lambda: bool(wrong()))
        await pilot.press("s")
        await settled(pilot)
        assert wrong() == ""
