"""The demo in the app: marked, left by one key, and never a place for one's own data. What follows an import."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.paths import Folders
from sample_data import PACKS
from tests.support.driving import add_by_key, screen_lines, screen_text, settled, toasts
from tests.support.dump_server import serving
from tests.support.statistics_dump import listeners
from tuiapp.app.app import DiscoverApp
from tuiapp.app.pack_jobs import added
from tuiapp.cli.main import run
from tuiapp.job import Job
from tuiapp.screens.dialogs import AskPath, ShowText
from tuiapp.screens.pick import Pick

RESULTS: dict[str, Any] = {
    "import": {
        "totals": {"read": 3, "kept": 3, "duplicates": 0, "dropped": {}},
        "files": [],
        "no_backup": "",
    },
    "add": {"packs": [], "tempo": {"tracks": 0, "with_tempo": 0}, "left_out": [], "bad_lines": []},
}
RESULTS["fetch"] = RESULTS["add"]
RESULTS["look"] = {"said": "Of now, 12.3 MB. It sees your address.", "newer": True}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], Path]]:
    """What is started, and where; each job is done at once."""
    started: list[tuple[list[str], Path]] = []

    async def run(job: Any, data_dir: Path, _changed: Any) -> dict[str, Any]:
        started.append((job.arguments, data_dir))
        return {"type": "done", "result": RESULTS.get(job.arguments[0], {})}

    monkeypatch.setattr("tuiapp.app.jobs.run_job", run)
    return started


def flat(app: DiscoverApp) -> str:
    """What the screen says, whatever the lines it is on."""
    return " ".join(screen_text(app).replace("│", " ").split())


def in_the_demo(folders: Folders) -> DiscoverApp:
    shutil.copytree(folders.root, folders.demo.root)
    app = DiscoverApp(folders.demo)
    app.jobs.own = folders
    return app


def test_a_demo_that_data_dir_names_is_one(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[dict[str, Any]] = []
    monkeypatch.setattr("tuiapp.cli.group.open_app", lambda at, **how: opened.append({"at": at, **how}) or 0)
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    elsewhere = Folders(tmp_path / "elsewhere")
    for place in (folders.demo, elsewhere):
        for name in PACKS:
            (place.packs / name).mkdir(parents=True)
    for place in (folders, folders.demo, elsewhere):
        assert run(["--data-dir", str(place.root)]) == 0
    own, demo, other = (one["own"] for one in opened)
    assert own is None
    assert demo == folders, "which leaving goes back to"
    assert other is not None
    assert other not in (folders, elsewhere), "the person's usual one"


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_the_demo_is_marked_and_one_key_leaves_it(folders: Folders, width: int) -> None:
    app = in_the_demo(folders)
    async with app.run_test(size=(width, 24)) as pilot:
        await settled(pilot)
        assert " DEMO " in screen_lines(app)[0]
        # With the number that switches to each, as long as there is room.
        assert ("4Playlists" in screen_lines(app)[0].replace(" ", "")) == (width >= 80)
        assert "Q leave the demo" in screen_lines(app)[-1]
        await pilot.press("Q")
        await settled(pilot)
        assert app.folders == folders
        assert " DEMO " not in screen_lines(app)[0]
        assert "leave the demo" not in screen_lines(app)[-1]
        await pilot.press("Q")
        await settled(pilot)
        assert app.folders == folders


async def test_settings_changed_in_the_demo_are_the_persons(folders: Folders, tmp_path: Path) -> None:
    own = Folders(tmp_path / "own")
    app = DiscoverApp(own)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        app.jobs.own = own
        app.open_folders(folders)
        app.preferences.change("theme", "nord")
        await settled(pilot)
        assert 'theme = "nord"' in own.config.read_text()
        assert not folders.config.exists()
        for _ in range(2):
            app.private.toggle()
            await settled(pilot)
        assert app.theme == "nord"
        assert app.preferences.file == own.config


async def test_who_leaves_a_demo_that_was_opened_by_itself_has_ones_own_settings(folders: Folders) -> None:
    app = in_the_demo(folders)
    folders.config.write_text('theme = "nord"')
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("Q")
        await settled(pilot)
        assert app.theme == "nord"
        app.preferences.change("theme", "gruvbox")
        await settled(pilot)
        assert "gruvbox" in folders.config.read_text()


async def test_nothing_the_demo_was_narrowed_to_is_asked_of_ones_own_library(
    folders: Folders, tmp_path: Path
) -> None:
    own, file = Folders(tmp_path / "own"), tmp_path / "own.csv"
    file.write_text("artist,track,time\nIda,Lark,2010-03-02 19:01:00\n")
    assert run(["--data-dir", str(own.root), "-q", "import", str(file)]) == 0
    app = DiscoverApp(folders)
    app.jobs.own = own
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("d", *"2024-01", "enter")
        await settled(pilot)
        assert "as of 2024-01" in screen_text(app)
        await pilot.press("w")
        await settled(pilot)
        await pilot.press("r")
        await settled(pilot)
        (artist,) = app.screen._trail  # type: ignore[attr-defined]  # Related's
        await pilot.press("5")
        await settled(pilot)
        await pilot.press("left")
        await settled(pilot)
        await pilot.press("Q")
        await settled(pilot)
        assert "2010  1 play, 1 artist" in screen_text(app)
        await pilot.press("1")
        await settled(pilot)
        assert "as of" not in screen_text(app)
        await pilot.press("2")
        await settled(pilot)
        assert artist not in screen_text(app)


@pytest.mark.parametrize(("keys", "command"), [("i", "import"), ("7a6", "add")])
async def test_ones_own_data_goes_into_ones_own_library_after_a_question(
    folders: Folders, jobs: list[tuple[list[str], Path]], keys: str, command: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.csv"
    file.write_text("artist,track\n")
    app = in_the_demo(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for answer in ("escape", "enter"):
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            assert isinstance(app.screen, AskPath)
            app.screen.query_one("Input").value = str(file)  # type: ignore[attr-defined]  # the input of a path
            await pilot.press("enter")
            await settled(pilot)
            assert isinstance(app.screen, Pick)
            assert "into your own library?" in screen_text(app)
            await pilot.press(answer)
            await pilot.pause()
            if answer == "escape":
                assert jobs == []
                assert app.jobs.own is not None
        await settled(pilot)
        assert jobs == [([command, str(file)], folders.root)]
        assert app.jobs.own is None


async def test_after_an_import_community_data_is_next_where_there_is_none(
    empty: Folders, jobs: list[tuple[list[str], Path]]
) -> None:
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.jobs.start("Import", "import", "x")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
        text = screen_text(app)
        assert text.index("add community data next") < text.index("train on your listening only")
        await pilot.press("a")
        await settled(pilot)
        assert isinstance(app.screen, Pick)
        assert "Download ListenBrainz: artists" in screen_text(app), "says which can be had"
        assert app.current_mode == "model"


async def test_after_an_import_training_is_next_where_there_is_community_data(
    folders: Folders, jobs: list[tuple[list[str], Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiapp.app.jobs.Jobs._has_community", lambda _self: True)
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.jobs.start("Import", "import", "x")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
        assert "add community data" not in screen_text(app)
        await pilot.press("t")
        await settled(pilot)
        assert jobs[1:] == [(["train"], folders.root)]
        assert any(
            text.startswith("Training Done. The community data (made up) knows") for text in toasts(app)
        )


async def test_a_list_with_nothing_to_resurface_says_which_keys_help(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from engine.session.discover import Discover

    whole = Discover.list

    def solo(self: Discover, *args: Any, **options: Any) -> Any:
        found = whole(self, *args, **options)
        return replace(found, items=(), solo=True, notes=("Solo mode.", "Nothing to resurface yet."))

    monkeypatch.setattr(Discover, "list", solo)
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        lines = screen_text(app)
        for words in ("7 a   add community data", "0     reset dials", "i     import more", "5     see what"):
            assert words in lines, lines


@pytest.mark.parametrize(("kind", "title"), [(None, "Nothing imported"), ("spotify", "Imported")])
async def test_what_is_no_history_is_not_titled_imported(
    empty: Folders,
    jobs: list[tuple[list[str], Path]],
    monkeypatch: pytest.MonkeyPatch,
    kind: str | None,
    title: str,
) -> None:
    file = {
        "path": "/x/a",
        "root": "/x",
        "format": kind,
        "kept": 0,
        "undated": 0,
        "unread": False,
        "dropped": {},
        "note": "not a listening history",
    }
    totals = {"read": 0, "kept": 0, "duplicates": 0, "dropped": {}}
    monkeypatch.setitem(RESULTS, "import", {"totals": totals, "files": [file], "no_backup": ""})
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.jobs.start("Import", "import", "x")
        await settled(pilot, lambda: isinstance(app.screen, ShowText))
        assert title in screen_text(app)
        assert ("Nothing imported" in screen_text(app)) == (kind is None)


async def test_a_download_says_what_it_is_before_and_starts_only_when_chosen(
    empty: Folders, jobs: list[tuple[list[str], Path]]
) -> None:
    app = DiscoverApp(empty)
    look, begin = (["look", "artists"], empty.root), (["fetch", "artists"], empty.root)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("7")
        for answers, begun in (
            (("escape",), []),
            (("enter", "escape"), [look]),
            (("enter", "enter"), [look, begin]),
        ):
            jobs.clear()
            await settled(pilot)
            await pilot.press("a")
            await settled(pilot)
            text = " ".join(screen_text(app).split())
            for words in (
                "85,000 listeners",
                "CC0",
                "shows your address",
                "0.6 GB",
                "in 2011",
                "genres",
                "1.3 GB",
            ):
                assert words in text
            assert jobs == []
            await pilot.press(answers[0])
            await settled(pilot)
            if len(answers) > 1:
                assert jobs == [look]
                assert "Of now, 12.3 MB. It sees your address." in " ".join(screen_text(app).split())
                await pilot.press(answers[1])
                await settled(pilot)
            assert jobs == begun


async def test_a_download_in_the_app_is_a_pack_in_the_end(
    empty: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = DiscoverApp(empty)
    command = Job.command
    seen: list[Job] = []
    with serving() as server:
        server.add(1, "20261001-000002", {"artists_all_time": listeners(60)})

        def here(job: Job, data_dir: Path) -> list[str]:
            seen.append(job)
            more = ["--min-listeners", "60"] if job.arguments[0] in ("fetch", "update") else []
            return [*command(job, data_dir), "--url", server.base, *more]

        monkeypatch.setattr(Job, "command", here)
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            await settled(pilot)
            await add_by_key(pilot, "1")
            await settled(pilot, lambda: "of 2026-10-01" in " ".join(screen_text(app).split()))
            text = " ".join(screen_text(app).split())
            for words in ("85,000 listeners", "CC0 1.0", "MB are read", "sees your address; nothing else"):
                assert words in text
            assert server.asked("GET", ".tar.zst") == []
            await pilot.press("enter")
            await settled(pilot, lambda: any("Added" in listed for listed in toasts(app)))
            assert [pack.listeners for pack in app.engine().packs.all()] == [60]
            assert (seen[1].unit, seen[1].share) == ("MB", 1.0)
            assert seen[1].done == seen[1].total > 0
            await pilot.press("X")
            await settled(pilot, lambda: "It is of 2026-10-01, from 60 listeners" in flat(app))
            await pilot.press("1")
            await settled(
                pilot, lambda: any("nothing newer than 2026-10-01" in listed for listed in toasts(app))
            )
            server.add(
                2, "20261015-000002", {"artists_all_time": listeners(70, artists=8, to_ts=1_792_022_400)}
            )
            await pilot.press("X")
            await settled(pilot, lambda: "Update listenbrainz?" in screen_text(app))
            await pilot.press("1")
            await settled(pilot, lambda: "of 2026-10-15" in flat(app))
            assert "You have listenbrainz, of 2026-10-01, with 60 listeners" in flat(app)
            assert len(server.asked("GET", ".tar.zst")) == 1
            await pilot.press("enter")
            await settled(pilot, lambda: any("Updated" in listed for listed in toasts(app)))
            (listed,) = [text for text in toasts(app) if "Updated" in text]
            assert "listenbrainz: 70 listeners, 10 more than before; 2 new artists." in listed
            assert [pack.listeners for pack in app.engine().packs.all()] == [70]
            assert server.asked("GET", ".tar.zst")[1:], "the newer one"
    assert [job.arguments[0] for job in seen] == ["look", "fetch", "look", "look", "update"]


async def test_what_was_added_and_what_is_next_are_in_sight_whatever_lines_were_left_out(
    empty: Folders,
) -> None:
    bad = {"reasons": {"no artist or title": 9}, "entries": {}}
    first = [{"shown": f"songs.zip/songs.csv, line {n}: no artist or title ({'x' * 90})"} for n in range(5)]
    packs = [
        {
            "name": "songs",
            "kind": "community",
            "level": "tracks",
            "listeners": 471,
            "items": 25_511,
            "known": None,
        },
        {"name": "songs-features", "kind": "features", "level": "tracks", "listeners": 0, "items": 26_125},
    ]
    result: Any = RESULTS["add"] | {
        "packs": packs,
        "bad_lines": [{"pack": pack["name"], "first": first} | bad for pack in packs],
    }
    app = DiscoverApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        added(app, result)
        await settled(pilot, lambda: len(app.screen.query("Toast")) == 1)
        (said,) = toasts(app)
        assert said.count("line 0") == 1, "the line both packs left out"
        assert "471 listeners" in said
        assert "Now press 7 and t" in said
        assert app.screen.query_one("Toast").region.y > 3
