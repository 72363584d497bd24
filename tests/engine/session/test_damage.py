"""Damage is named by file, each with what to do, and what is whole is not named."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.community.pack import Pack
from engine.errors import DamagedDataError, DiscoverError
from engine.live.token import access
from engine.paths import Folders
from engine.push.credentials import credentials
from engine.recommend.settings import DEFAULTS
from engine.session import Session
from engine.session.damage import damage, damage_of_data
from engine.session.library import Library
from engine.session.packs import Packs
from engine.training.train import TrainingSettings
from tests.support.communities import write_community
from tests.support.models import names


@pytest.fixture
def folders(library: Library, tmp_path: Path) -> Folders:
    Packs(library).add(write_community(tmp_path / "camps", artists=names(60)))
    return library.folders


def test_nothing_is_named_where_all_is_whole(folders: Folders, library: Library) -> None:
    folders.state.write_text("{}")
    assert damage(folders, library.connection) == []
    assert damage(folders) == []
    library.set_private(True)
    assert damage(folders, library.connection) == []


@pytest.mark.parametrize(
    ("file", "advice", "worked_out"),
    [
        ("models/current", "discover doctor --repair. Or train again: discover train.", False),
        ("models/made-by-hand/item_factors.npy", "Train again: discover train", False),
        ("models/made-by-hand/index/shard-0.ann", "discover doctor --repair", False),
        ("packs/camps/catalog.sqlite", "discover community", False),
        ("hindsight.json", "Remove it: it is recomputed", True),
        ("mixes.json", "Remove it: it is recomputed", True),
        ("state.json", "Remove it: it is recomputed", True),
        ("servers.json", "", False),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(
    folders: Folders, library: Library, file: str, advice: str, worked_out: bool
) -> None:
    path = folders.root / file
    path.write_bytes(b"\xff\x00 not what it was")
    path.chmod(0o600)
    (found,) = damage(folders, library.connection)
    # A pack is named as a whole.
    assert path.is_relative_to(found.path)
    assert advice in found.said
    assert found.worked_out is worked_out
    # What everything depends on is looked at for errors of any call; derived files are not.
    derived = found.path.parent == folders.root
    assert list(damage_of_data(folders, library.connection)) == ([] if derived else [found])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("kind", ["a pipe", "an endless device"])
@pytest.mark.parametrize(
    "file",
    [
        "models/current",
        "models/made-by-hand/manifest.json",
        "models/made-by-hand/item_factors.npy",
        "models/made-by-hand/index/shard-0.ann",
        "packs/camps/manifest.json",
        "packs/camps/catalog.sqlite",
        "hindsight.json",
        "mixes.json",
        "state.json",
        "servers.json",
        "listening.json",
    ],
)
def test_what_has_no_end_is_named_as_damage_and_not_waited_for(
    folders: Folders, library: Library, file: str, kind: str
) -> None:
    path = folders.root / file
    path.unlink(missing_ok=True)
    if kind == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    (found,) = damage(folders, library.connection)
    # A model is named by the file that points to it.
    assert path.is_relative_to(found.path) or found.path == folders.models / "current"


@pytest.mark.parametrize("size", [0, 100])
def test_all_damage_is_named_at_once_and_what_is_cut_to_almost_nothing(folders: Folders, size: int) -> None:
    folders.state.write_text("{}")
    for file in ("models/current", "packs/camps/catalog.sqlite", "state.json"):
        path = folders.root / file
        path.write_bytes(path.read_bytes()[:size] if file.endswith("sqlite") else b"\xff")
    assert [str(one.path.relative_to(folders.root)) for one in damage(folders)] == [
        "models/current",
        "packs/camps",
        "state.json",
    ]


@pytest.mark.parametrize(
    ("file", "mends", "does_not"),
    [
        ("packs/camps/catalog.sqlite", "The pack camps is damaged", "rain again"),
        ("packs/camps/indices.npy", "discover community add PATH --name camps", "rain again"),
        ("packs/camps/manifest.json", "discover community remove camps", "rain again"),
        ("models/made-by-hand/catalog.sqlite", "Train again: discover train.", "--level tracks"),
        ("models/made-by-hand/item_factors.npy", "Train again: discover train.", "--level tracks"),
        ("models/made-by-hand/gram.npy", "discover doctor --repair", "rain again"),
    ],
)
def test_whoever_meets_damage_first_names_what_mends_it(
    folders: Folders, file: str, mends: str, does_not: str
) -> None:
    (folders.root / file).write_bytes(b"\xff\x00 not what it was")
    settings = TrainingSettings(factors=4, iterations=1, tune=False)
    with Session(folders) as session:
        asked = session.discover.list if file.startswith("models/") else session.training.train
        with pytest.raises(DamagedDataError) as raised:
            asked(DEFAULTS if file.startswith("models/") else settings)  # type: ignore[operator]  # either, with its own
    assert mends in str(raised.value)
    assert does_not not in str(raised.value)


def test_an_added_model_that_is_damaged_is_to_be_taken_again(folders: Folders) -> None:
    manifest = folders.models / "made-by-hand" / "manifest.json"
    origin = {"name": "theirs.zip", "sha256": "", "bytes": 1, "added": "2026-01-01", "checked": False}
    manifest.write_text(json.dumps(json.loads(manifest.read_bytes()) | {"origin": origin}))
    (manifest.parent / "listeners.npy").unlink()
    (found,) = damage(folders)
    assert (
        found.said == "listeners.npy is missing. Take the model again (theirs.zip): discover model add PATH."
    )


@pytest.mark.parametrize(
    ("file", "ask"), [("listening", access), ("servers", lambda folders: credentials(folders, "", ""))]
)
def test_a_disk_that_fails_does_not_make_a_file_damaged(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, file: str, ask: Callable[[Folders], object]
) -> None:
    path = getattr(folders, file)
    path.write_text("{}")
    path.chmod(0o600)

    def fails(self: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error", str(self))

    monkeypatch.setattr(Path, "read_bytes", fails)
    with pytest.raises(DiscoverError, match="the disk failed") as raised:
        ask(folders)
    assert "Remove it" not in str(raised.value)


def _to(name: str, place: object, value: float) -> Callable[[Path], None]:
    def change(pack: Path) -> None:
        array = np.load(pack / name)
        array[place] = value
        np.save(pack / name, array)

    return change


def _in_catalog(statement: str) -> Callable[[Path], None]:
    def change(pack: Path) -> None:
        with contextlib.closing(sqlite3.connect(pack / "catalog.sqlite")) as connection, connection:
            connection.execute(statement)

    return change


@pytest.mark.parametrize(
    "change",
    [
        # What is compiled would look there: the process ended without a word.
        _to("indices.npy", ..., 2**31 - 1),
        _to("indices.npy", 5, -(2**30)),
        _to("plays.npy", 3, np.nan),
        _in_catalog("DELETE FROM items WHERE id > 20"),
        _in_catalog("INSERT INTO tags VALUES (99999, 'rock', 1.0)"),
    ],
    ids=["far", "below", "no number", "fewer names", "a tag of none"],
)
def test_a_pack_whose_numbers_lead_nowhere_is_named_before_it_is_trained_on(
    folders: Folders, change: Callable[[Path], None]
) -> None:
    change(folders.packs / "camps")
    (found,) = damage(folders)
    ended = subprocess.run(
        [sys.executable, "-m", "tuiapp", "--data-dir", folders.root, "train", "--no-tune", "--factors", "4"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended
    said = " ".join(ended.stderr.split())
    assert said == f"error: {found.said}"
    assert said.startswith("error: The pack camps is damaged (")


def test_a_matrix_that_leads_outside_is_refused_though_its_digest_fits(folders: Folders) -> None:
    _to("indices.npy", 5, 2**31 - 1)(folders.packs / "camps")
    with pytest.raises(DamagedDataError, match="The pack camps is damaged"):
        Pack(folders.packs / "camps").matrix()
