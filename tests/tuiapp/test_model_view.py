"""Model: the curve grows with the sweeps, a removed pack comes back, age and quality in words."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

from engine.community.packs import PackInfo
from engine.model.confidence import Confidence
from engine.paths import Folders
from tests.support.backtests import a_backtest
from tests.support.communities import write_community
from tests.support.driving import add_by_key, screen_text, settled, the_list, toasts
from tests.support.models import names, write_model
from tests.support.places import ITEMS, PLAYED
from tuiapp.app.app import DiscoverApp
from tuiapp.hindsight import in_a_line, in_words
from tuiapp.job import Job
from tuiapp.screens.model import ModelView
from tuiapp.text import age
from tuiapp.widgets.facts import facts, in_short
from tuiapp.widgets.loss import Losses, curve
from tuiapp.widgets.table import Table


@pytest.mark.parametrize(("width", "height"), [(20, 5), (60, 12), (110, 20)])
@pytest.mark.parametrize("count", [1, 3, 20, 400])
def test_the_curve_falls_fills_no_more_than_its_room_and_marks_every_sweep(width, height, count) -> None:
    losses = tuple(1000.0 / (n + 1) for n in range(count))
    lines = curve(Losses(losses, 400), width, height).plain.split("\n")
    assert len(lines) == height
    assert max(map(cell_len, lines)) <= width
    heights = [
        sum(line[9 + cell] != " " for line in lines[1:-1] if len(line) > 9 + cell)
        for cell in range(width - 9)
    ]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == height - 2
    assert sum(h > 0 for h in heights) <= max(1, -(-count * (width - 9) // 400))
    assert "400" in lines[-1]


@pytest.mark.parametrize("first", [12.0, 999_999.0, 1_385_795.0, 98_765_432_109.0])
def test_a_loss_of_any_size_is_labelled_whole_and_moves_no_line(first: float) -> None:
    lines = curve(Losses((first, first / 2), 20), 60, 8).plain.split("\n")
    assert f"{first:,.0f} █" in lines[1]
    assert f"{first / 2:,.0f} " in lines[-2]
    starts = {line.index("█") for line in lines[1:-1]}
    assert starts == {lines[-1].index("1")}
    assert max(map(cell_len, lines)) <= 60


def test_losses_that_do_not_fall_are_drawn_too() -> None:
    for values in ((5.0, 5.0), (0.0,), (3.0, 4.0)):
        assert curve(Losses(values), 40, 8).plain


def test_age_is_said_in_the_largest_whole_unit() -> None:
    said = {n: age("2024-01-01", 19_723 + n) for n in (-3, 0, 1, 6, 7, 20, 29, 30, 364, 365, 800)}
    assert said == {
        -3: "today",
        0: "today",
        1: "1 day",
        6: "6 days",
        7: "1 week",
        20: "2 weeks",
        29: "4 weeks",
        30: "1 month",
        364: "12 months",
        365: "1 year",
        800: "2 years",
    }
    assert age("soon", 0) == ""


def test_a_pack_is_as_old_as_what_was_counted_not_as_the_day_it_was_added() -> None:
    view = ModelView()
    view._today = 19_723
    for collected, found in (("2023-12-02", "1 month"), ("2011", "2011"), ("", "today")):
        pack = PackInfo("made", "community", "artists", 9, 9, 9, "", "2024-01-01", 9, collected)
        assert view._age(pack) == found


@pytest.mark.parametrize("width", [44, 54, 74, 114])
def test_no_line_of_a_models_facts_is_wider_than_its_column(width: int) -> None:
    trial = {"sweeps": 20, "frequency_exponent": 0.75, "factors": 40, "ndcg": 0.257, "collapsed": False}
    trials = [
        trial | {"confidence": {"transform": name}, "frequency_exponent": exponent}
        for name, exponent in (("log", 0.75), ("binary", 0.0), ("linear", 0.75))
    ]
    model = SimpleNamespace(
        level="artists",
        solo=False,
        packs=["listenbrainz"],
        source="ListenBrainz",
        collected="2026-10-01",
        origin=SimpleNamespace(
            name="https://example.org/a/long/way/to/the/models/of/today.zip", added="2026-11-28"
        ),
        confidence=Confidence(transform="log", alpha=2.0),
        iterations=20,
        loss=[900.0 / (n + 1) for n in range(10)],
        items=1_500,
        listeners=2_500,
        factors=40,
        frequency_exponent=0.75,
        regularization=0.812,
        tuned={"searched": True, "trials": trials, "by_factors": {"40": 0.26, "128": 0.2619}},
        validation={"ensemble": {"members": {"factors": 0.25}, "ensemble": 0.26}},
        ensemble={"factors": 1.0},
        index={"trees": 10, "recall": 0.977, "bytes": 1.1e6},
    )
    lines = facts(model, width).plain.split("\n")
    assert max(map(cell_len, lines)) <= width
    words = " ".join(" ".join(lines).split())
    assert "10 sweeps" in words, "those that were made, as the curve shows"
    assert "3 settings tried, nDCG@20 of the best on a held-out tenth" in words
    assert "all together: 40 factors 0.260, 128 factors 0.262" in words
    assert "added 2026-11-28 from https://ex" in words
    assert "1.1 MB on disk, the trees answer at this size" in words


def test_a_model_in_short_says_how_much_it_finds_beside_popularity() -> None:
    model = SimpleNamespace(
        level="artists",
        solo=False,
        packs=["listenbrainz"],
        source="ListenBrainz",
        collected="2026-10-01",
        origin=None,
        items=1_500,
        listeners=2_500,
        validation={"recall@20": 0.368, "baselines": {"popularity": {"recall@20": 0.151}}},
    )
    assert in_short(model, 80).plain.split("\n") == [
        "1,500 artists, 2,500 listeners of ListenBrainz, October 2026",
        "finds 37 of 100 hidden favourites, popularity alone 15",
    ]
    model.solo, model.listeners = True, 38
    orders = {
        name: {"hit@10": hit} for name, hit in (("Discover", 0.25), ("sessions", 0.1), ("recency", 0.2))
    }
    model.validation = {"resurfacing": {"sessions": 60, "too_few": False, "orders": orders}}
    assert in_short(model, 80).plain.split("\n") == [
        "1,500 artists, 38 listening sessions",
        "25 % of 60 sessions found what they went back to in the top ten,",
        "  by recency alone 20 %",
    ]
    model.validation = {"resurfacing": {}}
    assert in_short(model, 80).plain.split("\n")[1:] == ["no session yet went back to what had rested"]


async def test_a_model_is_shown_in_short_until_details_are_asked_for(folders: Folders) -> None:
    found = a_backtest()
    folders.hindsight.write_bytes(msgspec.json.encode(found))
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        assert "v for details" in screen_text(app)
        assert "lambda" not in screen_text(app)
        facts = app.screen.query_one("#facts")
        assert in_a_line(found) in " ".join(facts.render().plain.split())
        await pilot.press("v")
        await settled(pilot)
        assert "lambda" in screen_text(app)
        assert facts.render().plain.partition("your own past\n")[2].splitlines()[:7] == in_words(
            found, "artists"
        )


async def test_a_model_of_tracks_is_shown_where_there_is_none_of_artists(empty: Folders) -> None:
    write_model(empty.root, level="tracks")
    app = DiscoverApp(empty)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        assert "No model yet" not in screen_text(app)
        assert "60 tracks" in screen_text(app)
        assert "trained " in screen_text(app)
        await pilot.press("v")
        await settled(pilot)
        assert "lambda" in screen_text(app)


async def test_a_removed_pack_is_out_of_use_comes_back_and_leaves_nothing_when_it_does_not(
    folders: Folders,
) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        before = sorted(path.name for path in folders.packs.iterdir())
        name = the_list(app).row.name
        await pilot.press("D")
        await settled(pilot)
        assert name not in {pack.name for pack in app.engine().packs.all()}
        # The model in use was trained on it: another is trained only on request.
        await pilot.press("t")
        await settled(pilot)
        assert "takes the place of the model" in " ".join(screen_text(app).split())
        await pilot.press("escape")
        await settled(pilot)
        assert app.job is None
        await pilot.press("u")
        await settled(pilot)
        assert sorted(path.name for path in folders.packs.iterdir()) == before
        await pilot.press("D")
        await settled(pilot)
        await pilot.press("q")
    assert sorted(path.name for path in folders.packs.iterdir()) == [n for n in before if n != name]


async def test_the_list_of_packs_says_how_much_of_your_plays_each_knows(folders: Folders, tmp_path) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(100, 36)) as pilot:
        await settled(pilot)
        artists = [
            *(names(ITEMS)[number] for number in PLAYED[:5]),
            *(f"Other {number}" for number in range(40)),
        ]
        app.engine().packs.add(write_community(tmp_path / "crowd", artists=artists), name="crowd")
        await pilot.press("7")
        crowd = next(pack for pack in app.engine().packs.all() if pack.name == "crowd")
        share = app.engine().coverage.of_pack(crowd)
        assert share is not None
        assert 0 < share.plays_share < 1
        await settled(pilot, lambda: share.percent in screen_text(app))
        assert "your plays" in screen_text(app)


async def test_removing_the_pack_a_model_was_trained_on_is_explained_in_the_view(
    folders: Folders, tmp_path
) -> None:
    manifest = next(folders.models.glob("*/manifest.json"))
    manifest.write_text(json.dumps(json.loads(manifest.read_bytes()) | {"packs": ["crowd"]}))
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        crowd = write_community(tmp_path / "crowd", artists=names(ITEMS)[:40])
        app.engine().packs.add(crowd, name="crowd")
        await pilot.press("7")
        await settled(pilot, lambda: the_list(app).row is not None)
        assert "since removed" not in " ".join(screen_text(app).split())
        assert the_list(app).row.name == "crowd"
        await pilot.press("D")
        await settled(pilot, lambda: "trained on crowd" in screen_text(app))
        assert "since removed: it recommends as before" in " ".join(
            app.screen.query_one("#facts").render().plain.split()
        )
        assert app.engine().discover.list().items


async def test_a_training_draws_its_curve_and_goes_on_in_another_view(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Count, rate and time left, whatever view is in sight."""
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        job = Job("Training", ["train"])
        job.take(
            {
                "stage": "training",
                "done": 3,
                "total": 20,
                "loss": 9.0,
                "seconds_left": 65.0,
                "per_second": 12.0,
            }
        )
        app.job = job
        await settled(pilot)
        for key in ("7", "1", "5"):
            await pilot.press(key)
            await settled(pilot)
            text = screen_text(app)
            assert all(said in text for said in ("3 of 20", "12 a second", "1:05 left", "^x to stop")), key
        drawn = []
        render_lines = Table.render_lines
        monkeypatch.setattr(
            Table, "render_lines", lambda table, crop: [drawn.append(table), render_lines(table, crop)][1]
        )
        job.done = 4
        app.job = job
        await settled(pilot)
        assert drawn == [], "a message of how far it is draws its own line, not the list"
        assert "4 of 20" in screen_text(app)
        app.job = None
        await settled(pilot)
        assert "^x to stop" not in screen_text(app)


async def test_a_file_added_in_the_app_is_taken_whole_its_tempo_too_and_can_be_updated(
    folders: Folders, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "songs.csv"
    rows = [f"one,Artist {letter},Song,{120 + place}" for place, letter in enumerate("ABC")]
    file.write_text("\n".join(["playlist_id,track_artist,track_name,tempo", *rows]))
    app = DiscoverApp(folders)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await settled(pilot)
        await add_by_key(pilot, "6")
        await settled(pilot)
        await pilot.press(*str(file), "enter")
        await settled(pilot, lambda: any("Added" in listed for listed in toasts(app)))
        (listed,) = [text for text in toasts(app) if "Added" in text]
        assert "songs: 1 listener, 3 tracks, 0 of your 12 among them." in listed
        assert "songs-features: features of 3 tracks." in listed
        kinds = {pack.name: pack.kind for pack in app.engine().packs.all()}
        assert kinds.items() >= {"songs": "community", "songs-features": "features"}.items()
        started: list[Job] = []

        async def fails(job: Job, *_: Any) -> dict[str, Any]:
            started.append(job)
            return {"type": "error", "message": "That holds no tracks.", "exit_code": 2}

        monkeypatch.setattr("tuiapp.app.jobs.run_job", fails)
        the_list(app).move_to(
            next(n for n, pack in enumerate(app.engine().packs.all()) if pack.name == "songs")
        )
        await pilot.press("X")
        await settled(pilot, lambda: "Update songs?" in screen_text(app))
        assert "Download" not in screen_text(app), "nobody publishes newer of it"
        await pilot.press("1")
        await settled(pilot, lambda: "Newer data for songs" in screen_text(app))
        await pilot.press(*str(file), "enter")
        await settled(pilot, lambda: "That holds no tracks." in screen_text(app))
        assert "Newer data for songs" in screen_text(app), "with what was typed"
        assert [job.arguments for job in started] == [
            ["update", str(file), "--pack", "songs", "--level", "tracks"]
        ]


async def test_after_a_resize_what_is_said_of_the_models_fits(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.press("7")
        await settled(pilot, lambda: "for details" in screen_text(app))
        await pilot.press("v")
        narrow = app.screen.query_one("#facts").render().plain
        await pilot.resize_terminal(140, 30)
        await settled(pilot, lambda: app.screen.query_one("#facts").render().plain != narrow)
        wide = app.screen.query_one("#facts").render().plain
        await pilot.resize_terminal(60, 30)
        await settled(pilot, lambda: app.screen.query_one("#facts").render().plain != wide)
        assert app.screen.query_one("#facts").render().plain == narrow
