"""Models as files from both faces: written, added from a file and an address, shown, undone."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.session import Session
from tests.support.commands import document
from tests.support.communities import write_community
from tests.support.driving import add_by_key, screen_text, settled
from tests.support.dump_server import serving
from tests.support.folders import fingerprint
from tests.support.listens import play
from tests.support.models import names, write_model
from tuiapp.app.app import DiscoverApp
from tuiapp.cli.main import run
from tuiapp.job import Job

KEYS = {"name", "level", "items", "listeners", "factors", "trained", "source", "collected", "bytes", "digest"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a model made by hand."""
    root = tmp_path_factory.mktemp("made")
    write_model(root / "data")
    with Session(Folders(root / "data")) as session:
        return Path(session.model_files.export(root / "model.zip").file)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The library of somebody who plays two artists of the model."""
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(tmp_path / "data"))
    with Session(Folders(tmp_path / "data")) as session:
        for artist in names(60)[:7:3]:
            play(session.library.connection, artist, "Song", 1, 2)
    return tmp_path / "data"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_written_taken_listed_and_taken_back_by_command(file, root, tmp_path, capsys) -> None:
    assert run(["recommend"]) == 3
    capsys.readouterr()
    done = document(capsys, "model", "add", str(file), "--sha256", digest(file))
    (added,) = done["models"]
    assert added.keys() >= KEYS
    assert (added["items"], added["digest"], added["bytes"]) == (60, digest(file), file.stat().st_size)
    assert done["coverage"]["artists"] == 3
    assert len(document(capsys, "recommend")["items"]) == 20
    assert document(capsys, "related", names(60)[0])["items"]
    (listed,) = document(capsys, "model", "list")["models"]
    assert listed.keys() >= KEYS
    assert (listed["digest"], listed["from"], listed["in_use"]) == (digest(file), "model.zip", True)
    written = document(capsys, "model", "export", str(tmp_path / "out.zip"))
    assert written["models"][0]["digest"] == digest(tmp_path / "out.zip")
    assert written["models"][0]["bytes"] == (tmp_path / "out.zip").stat().st_size
    assert run(["model", "undo"]) == 0
    assert "No model of artists is in use now, as before." in capsys.readouterr().out
    assert [one["in_use"] for one in document(capsys, "model", "list")["models"]] == [False]


def test_where_a_model_came_from_is_said_by_doctor_and_beside_the_packs(file, root, capsys) -> None:
    assert run(["model", "add", str(file)]) == 0
    output = capsys.readouterr()
    assert "Added and in use: 60 artists of 1,000 listeners (made up), from model.zip." in output.out
    assert "knows 3 of your 3 artists, 100 % of your plays" in output.err
    assert f"SHA-256 {digest(file)}; compare it" in output.err
    assert "discover model undo" in output.err
    said = "from model.zip"
    report = document(capsys, "doctor")
    assert report["model"]["file"].endswith(said)
    assert report["next"] == ["Nothing: all good."]
    for command in (["community", "list"], ["model", "list"]):
        assert run(command) == 0
        assert said in capsys.readouterr().out


def test_an_address_is_asked_only_after_the_prompt(file, root, capsys) -> None:
    with serving() as server:
        server.files["/m/model.zip"] = file.read_bytes()
        url = server.base.replace("/pub/", "/m/model.zip")
        assert run(["model", "add", url]) == 2
        output = capsys.readouterr().err
        assert "sees your address" in output
        assert "Without --sha256" in output
        assert [method for method, *_ in server.seen] == ["HEAD"]
        assert run(["model", "add", url, "--sha256", digest(file), "--yes"]) == 0
        assert "Without --sha256" not in capsys.readouterr().err
    (fetched,) = document(capsys, "audit")["fetched"]
    assert (fetched["url"], fetched["sha256"]) == (url, digest(file))
    assert run(["model", "add", "http://example.org/m.zip", "--yes"]) == 2
    assert "must start with https" in capsys.readouterr().err


def test_what_is_wrong_is_one_line_and_changes_nothing(root, tmp_path, capsys) -> None:
    (tmp_path / "bad.zip").write_bytes(b"nothing")
    before = fingerprint(root)
    for arguments, code in (
        (["add", str(tmp_path / "bad.zip")], 1),
        (["add", str(tmp_path / "none.zip")], 1),
        (["export", str(tmp_path / "out.zip")], 3),
        (["undo"], 3),
    ):
        assert run(["model", *arguments]) == code
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith("error: ")
    assert not (tmp_path / "out.zip").exists()
    assert fingerprint(root) == before


def test_a_model_of_ones_own_listening_is_refused_with_the_reason(root, tmp_path, capsys) -> None:
    write_model(root, solo=True)
    assert run(["model", "export", str(tmp_path / "own.zip")]) == 2
    assert "a file of it would say what you play" in capsys.readouterr().err
    assert not (tmp_path / "own.zip").exists()


def test_help_says_what_is_in_the_file(capsys) -> None:
    assert run(["model", "export", "--help"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "rows of the community's listeners, without names" in output


def toasts(app: DiscoverApp) -> list[str]:
    return [f"{toast.title} {toast.message}" for toast in app._notifications]


async def test_the_app_takes_a_model_undoes_that_and_writes_one(file, root, tmp_path) -> None:
    write_model(root, items=30)
    there = tmp_path / "with blanks.zip"
    shutil.copy(file, there)
    out = tmp_path / "out.zip"
    app = DiscoverApp(Folders(root))
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await settled(pilot)
        await add_by_key(pilot, "7")
        await settled(pilot)
        await pilot.press(*str(there), "enter")
        await settled(pilot, lambda: any("Model added" in listed for listed in toasts(app)))
        (listed,) = [text for text in toasts(app) if "Model added" in text]
        assert "60 artists of 1,000 listeners, from with blanks.zip." in listed
        assert "knows 3 of your 3 artists" in listed
        assert "from with blanks.zip" in screen_text(app)
        await pilot.press("e")
        await settled(pilot, lambda: "Export the model to" in screen_text(app))
        assert "without names" in screen_text(app)
        await pilot.press("ctrl+u", *str(out), "enter")
        await settled(pilot, lambda: any("SHA-256" in listed for listed in toasts(app)))
        assert out.read_bytes() == file.read_bytes()
        await pilot.press("u")
        await settled(pilot, lambda: "30 artists" in screen_text(app))
        assert app.engine().models.manifest().items == 30


async def test_a_training_is_undone_where_a_model_was_before(file, root) -> None:
    trained = {"type": "done", "result": [{"level": "artists"}]}
    write_model(root, items=30)
    app = DiscoverApp(Folders(root))
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        app.jobs.ended(Job("Training", ["train"]), trained)
        assert not app.undoable, "there was none before it"
        app.engine().model_files.add(file)
        app.jobs.ended(Job("Training", ["train"]), trained)
        assert app.undoable == "training"
        await pilot.press("u")
        await settled(pilot)
        assert app.engine().models.manifest().items == 30


async def test_the_app_asks_before_it_downloads_and_comes_back_with_what_was_typed(file, root) -> None:
    app = DiscoverApp(Folders(root))
    with serving() as server:
        server.files["/m/model.zip"] = file.read_bytes()
        url = server.base.replace("/pub/", "/m/model.zip")
        async with app.run_test(size=(120, 36), notifications=True) as pilot:
            await settled(pilot)
            await add_by_key(pilot, "7")
            await settled(pilot)
            await pilot.press(*f"{url} {'0' * 64}", "enter")
            await settled(pilot, lambda: "Download this model?" in screen_text(app))
            assert "sees your address" in screen_text(app)
            assert server.seen == []
            await pilot.press("enter")
            await settled(pilot, lambda: "it is another file" in " ".join(screen_text(app).split()))
            assert "/m/model.zip 000" in screen_text(app)
            assert app.engine().models.manifest() is None


def test_the_json_of_a_listing_is_one_document(root, capsys) -> None:
    assert run(["model", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"models": []}


def test_newer_data_says_what_is_new_and_what_joined(root, tmp_path, capsys) -> None:
    old = write_community(tmp_path / "camps", artists=names(60))
    more = write_community(tmp_path / "newer", artists=names(66), listeners=120, seed=1)
    assert run(["community", "update", str(more)]) == 2
    assert "no pack of artists to update" in capsys.readouterr().err
    assert run(["community", "add", str(old)]) == 0
    assert run(["train", "--no-tune", "--factors", "8", "--iterations", "3"]) == 0
    capsys.readouterr()
    assert run(["community", "update", str(more)]) == 0
    output = capsys.readouterr()
    assert (
        "camps: 120 listeners, 30 more than before; 6 new artists, 6 of them now in the model." in output.out
    )
    assert "of artists no training saw" in output.out
    assert "Train again: discover train." in output.err
    assert any("no training saw. Train again" in said for said in document(capsys, "doctor")["next"])
    done = document(capsys, "community", "update", str(more))
    assert [pack["name"] for pack in done["packs"]] == ["camps"]
    assert (done["new"]["items"], done["new"]["joined"], done["new"]["rebuild"]) == (0, 0, True)
    assert run(["community", "update", "artists-2011"]) == 2
