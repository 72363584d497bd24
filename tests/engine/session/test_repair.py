"""What repairs itself, what a training would repair, and how each is said."""

from __future__ import annotations

import contextlib
import errno
import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from engine.errors import CancelledError, DiscoverError, PrivateSessionError
from engine.paths import Folders
from engine.privacy import Door
from engine.session.damage import damage
from engine.session.library import Library
from engine.session.packs import Packs
from engine.session.repair import Retraining, is_mended, repair, retrainings
from tests.support.communities import write_community, write_playlists
from tests.support.folders import fingerprint
from tests.support.models import names, write_model
from tests.support.services import played_some
from tuiapp.cli.main import run


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A library, a model and the pack of its artists."""
    library = Library(played_some(tmp_path / "data"))
    Packs(library).add(write_community(tmp_path / "camps", artists=names(60)))
    library.close()
    return library.folders


def test_where_all_is_whole_nothing_is_done(folders: Folders) -> None:
    before = fingerprint(folders.root)
    assert repair(Door(folders)) == []
    assert retrainings(folders) == [], "of tracks there is no data here"
    assert fingerprint(folders.root).keys() == before.keys()


@pytest.mark.parametrize("file", ["state.json", "models/current", "models/made-by-hand/index/shard-0.ann"])
def test_what_is_said_to_repair_itself_does(folders: Folders, file: str) -> None:
    (folders.root / file).write_bytes(b"\xff")
    (found,) = damage(folders)
    assert is_mended(folders, found)
    done = repair(Door(folders))
    assert len(done) == 1
    assert damage(folders) == []


@pytest.mark.parametrize("place", ["packs", "models"])
def test_without_a_backup_names_are_as_in_community_data_or_a_model(folders: Folders, place: str) -> None:
    with contextlib.closing(sqlite3.connect(folders.database)) as connection:
        before = connection.execute("SELECT id, name, key FROM artists ORDER BY id").fetchall()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'artists'").fetchone()
    assert all(name != key for _, name, key in before)
    with folders.database.open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(bytes(page))
    shutil.rmtree(folders.root / place)
    shutil.rmtree(folders.backups, ignore_errors=True)
    assert "1 name of an artist in small letters" in repair(Door(folders))[0]
    with contextlib.closing(sqlite3.connect(folders.database)) as connection:
        after = connection.execute("SELECT id, name, key FROM artists ORDER BY id").fetchall()
    unknown = "The Lanterns", "the lanterns"
    assert after == [(n, key if (name, key) == unknown else name, key) for n, name, key in before]


def test_what_needs_a_training_is_left_and_the_training_named(folders: Folders) -> None:
    manifest = json.loads((folders.models / "made-by-hand/manifest.json").read_bytes())
    (folders.models / "made-by-hand/item_factors.npy").write_bytes(b"\xff")
    (found,) = damage(folders)
    assert not is_mended(folders, found)
    assert repair(Door(folders)) == []
    assert retrainings(folders) == [
        Retraining(
            "artists",
            "The model of artists is damaged (item_factors.npy).",
            manifest["seconds"],
            manifest["factors"],
        )
    ]
    (folders.models / "current").unlink()
    assert [one.why for one in retrainings(folders)] == ["There is no model of artists."]


def test_what_was_found_is_not_read_for_again(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(folders.root, level="tracks")
    Packs(library := Library(folders)).add(write_playlists(folders.root.parent / "lists.csv"))
    library.close()
    for name in ("made-by-hand/index/shard-0.ann", "made-by-hand-tracks/listeners.npy"):
        (folders.models / name).write_bytes(b"\xff")
    found = damage(folders)

    def reads(*_: object) -> bool:
        raise AssertionError("all of the model is read again")

    monkeypatch.setattr("engine.training.artifact.has_digest", reads)
    assert [is_mended(folders, one) for one in found] == [True, False], "each by its own model"
    assert [one.why for one in retrainings(folders, found)] == [
        "The model of artists is damaged (shard-0.ann).",
        "The model of tracks is damaged (listeners.npy).",
    ]


def test_a_private_session_repairs_nothing_and_stopping_leaves_what_was_done(folders: Folders) -> None:
    (folders.root / "state.json").write_bytes(b"\xff")
    before = fingerprint(folders.root)
    with pytest.raises(PrivateSessionError):
        repair(Door(folders, private=True))
    with pytest.raises(CancelledError, match=r"Stopped\. Nothing was changed\."):
        repair(Door(folders), cancelled=lambda: True)
    assert fingerprint(folders.root)["state.json"] == before["state.json"]


def test_what_was_done_is_said_though_a_later_step_fails(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "state.json was damaged and is deleted: it is recomputed."
    (folders.root / "state.json").write_bytes(b"\xff")
    (folders.models / "current").unlink()
    shutil.rmtree(folders.models / "made-by-hand")
    indices = folders.packs / "camps/indices.npy"
    data = bytearray(indices.read_bytes())
    data[-1] ^= 1
    indices.write_bytes(data)
    assert run(["--data-dir", str(folders.root), "doctor", "--repair", "--yes"]) == 1
    assert capsys.readouterr().err.startswith(f"error: {said} The pack camps is damaged")

    def denied(_folders: Folders) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/its/backups")

    (folders.root / "state.json").write_bytes(b"\xff")
    monkeypatch.setattr("engine.session.repair.backups", denied)
    with pytest.raises(DiscoverError, match=f"{re.escape(said)} /its/backups may not be read"):
        repair(Door(folders))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "a few minutes, longer where a pack is large"),
        (0.2, "about 1 second, as the last time"),
        (89.0, "about 89 seconds, as the last time"),
        (90.0, "about 2 minutes, as the last time"),
    ],
)
def test_how_long_a_training_takes_is_said_by_the_last_one(seconds: float | None, said: str) -> None:
    words = Retraining("artists", "There is no model of artists.", seconds).in_words()
    assert words.startswith(f"There is no model of artists. Training takes {said}.")
