"""Files of the data folder that are cut short, zeroed or flipped: our own words alone, the doctor names it, and mends
what it can."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import re
import shutil
import sqlite3
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import BusyError, DamagedDataError, DamagedLibraryError, DiscoverError
from engine.index.norm_scan import open_norm_order
from engine.paths import Folders, entries, size_of
from engine.privacy import Door
from engine.search.trigram_index import open_names
from engine.session import Session
from engine.session.damage import damage
from engine.session.repair import repair, retrainings
from engine.session.training import Training
from engine.store.backups import backups
from engine.training.artifact import read_manifest
from engine.training.manifest import ModelManifest
from engine.training.train import TrainingSettings
from tests.reliability.tamper import DAMAGES, Damaged, made, tamper
from tests.support.audio import wav
from tests.support.commands import document
from tests.support.folders import fingerprint
from tests.support.importing import lastfm
from tuiapp.app.repairing import Repairing
from tuiapp.cli.main import run

# One of each kind.
KINDS = (
    "library.sqlite", "backups/", "models/current", "models/made-by-hand/manifest.json",
    "models/made-by-hand/catalog.sqlite", "models/made-by-hand/item_factors.npy", "packs/crowd/catalog.sqlite",
    "models/made-by-hand/index/shard-0.ann", "models/made-by-hand/index/index.json", "packs/tempos/features.sqlite",
    "packs/tempos/manifest.json", "packs/crowd/indptr.npy", "config.toml", "state.json", "hindsight.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("whole") / "data").root


@pytest.fixture
def folders(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    shutil.copytree(base, tmp_path / "data")
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(tmp_path / "data"))
    return Folders(tmp_path / "data")


def of(folders: Folders, kind: str) -> Path:
    path = folders.root / kind
    return next(path.iterdir()) if kind.endswith("/") else path


def test_whatever_is_damaged_only_our_own_errors_come_of_it(base: Path, tmp_path: Path) -> None:
    rng, found = random.Random(21), Damaged()
    names = sorted(str(path.relative_to(base)) for path in base.rglob("*") if path.is_file())
    for name in rng.sample(names, 4):
        tamper(base, tmp_path / "data", rng, name, rng.choice(list(DAMAGES)), found)
    tamper(base, tmp_path / "data", rng, "library.sqlite", "zeroed", found)
    assert found.faults == {}
    assert found.tried > 3
    assert found.said


@pytest.mark.parametrize("kind", KINDS)
def test_the_doctor_names_what_is_cut_zeroed_or_flipped(
    folders: Folders, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = of(folders, kind)
    whole = path.read_bytes()
    for broken in (
        whole[: len(whole) // 2],
        bytes(min(len(whole), 4096)) + whole[4096:],
        b"\xff" + whole[1:],
    ):
        path.write_bytes(broken)
        output = " ".join(document(capsys, "doctor", exits=int(path == folders.database))["next"])
        part = path.parent.name if path.parent.parent == folders.packs else path.name
        assert part in output, kind
        path.write_bytes(whole)
    assert not any(part in said for said in document(capsys, "doctor")["next"])


def mended(capsys: pytest.CaptureFixture[str]) -> str:
    output: dict[str, Any] = document(capsys, "doctor", "--repair")
    return " ".join(output["mended"])


def test_a_damaged_library_is_restored_from_its_last_backup(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    (backup,) = backups(folders)
    damaged = folders.database.read_bytes()[:9000]
    folders.database.write_bytes(damaged)
    before = fingerprint(folders.root)
    assert run(["--private", "doctor", "--repair"]) == 1
    assert fingerprint(folders.root) == before
    capsys.readouterr()
    assert backup.name in mended(capsys)
    assert not damage(folders)
    with Session(folders) as session:
        assert session.library.check() == "ok"
        assert session.history.counts().listens > 20
    assert [one.path.read_bytes() for one in backups(folders) if one.why == "damaged"] == [damaged]
    assert mended(capsys) == "Nothing to repair."


def test_without_a_backup_a_damaged_library_stays_as_it_is(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(folders.backups)
    folders.database.write_bytes(b"no database " * 900)
    output = document(capsys, "doctor", "--repair", exits=1)
    assert output["mended"] == ["Nothing was repaired: see “next”."]
    assert any("move it away" in said for said in output["next"])
    assert folders.database.read_bytes() == b"no database " * 900


def test_indexes_alone_are_rebuilt_and_nothing_is_lost(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    with Session(folders) as session:
        count = session.history.counts().listens
        session.verdicts.judge("like", "Artist A0")
        connection = session.library.connection
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'listens_by_time'"
        ).fetchone()
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray(folders.database.read_bytes())
    data[(page - 1) * size : page * size] = bytes(size)
    folders.database.write_bytes(data)
    assert "nothing was lost" in mended(capsys)
    with Session(folders) as session:
        assert session.library.check() == "ok"
        assert (session.history.counts().listens, session.verdicts.of("Artist A0")) == (count, "like")


def test_rows_beside_lost_ones_are_kept_and_these_in_part_and_it_is_said_how_many(
    folders: Folders, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plays = tmp_path / "plays.csv"
    plays.write_text(
        lastfm(*((1_600_000_000 + 300 * n, (f"Artist {n % 50}", f"Song {n}")) for n in range(900)))
    )
    with Session(folders) as session:
        before = session.history.counts().listens
        session.history.import_paths([plays])
        session.verdicts.judge("like", "Artist A0")
    with contextlib.closing(sqlite3.connect(folders.database)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'listens'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(folders.database.read_bytes())
    # The last child of the table's root is one page of rows; before it there are others.
    (lost,) = struct.unpack_from(">L", data, (root - 1) * size + 8)
    data[(lost - 1) * size : lost * size] = bytes(size)
    folders.database.write_bytes(data)
    said = mended(capsys)
    kept, in_part = map(int, re.findall(r"(\d+) listens (\d+) of these by", said.replace(",", ""))[0])
    assert 0 < in_part < kept == before + 900
    assert not damage(folders)
    with Session(folders) as session:
        assert session.library.check() == "ok"
        assert (session.history.counts().listens, session.verdicts.of("Artist A0")) == (kept, "like")
        session.history.import_paths([plays])
        assert session.history.counts().listens == kept


def test_a_bit_of_a_name_that_is_another_way_is_damage_and_repaired(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(sqlite3.connect(folders.database)) as connection, connection:
        connection.execute("UPDATE artists SET name = CAST(x'41ff42' AS TEXT) WHERE id = 1")
    with Session(folders) as session, pytest.raises(DamagedLibraryError, match="--repair"):
        session.history.stats()
    assert "nothing was lost" in mended(capsys)
    with Session(folders) as session:
        session.history.stats()
        assert session.artists.search("A\ufffdB")
    assert mended(capsys) == "Nothing to repair."


@pytest.mark.skipif(
    sys.platform != "linux", reason="one program knows of another's open library on Linux alone"
)
def test_a_library_another_has_open_is_not_exchanged(
    folders: Folders, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.restoring.WAIT_SECONDS", 0.05)
    with Session(folders) as other:
        damaged = bytearray(folders.database.read_bytes())
        damaged[9000:40_000] = bytes(31_000)
        folders.database.write_bytes(damaged)
        with pytest.raises(BusyError, match="Close it"):
            repair(Door(folders))
        assert folders.database.read_bytes() == damaged
        other.close()
    assert mended(capsys)
    assert not damage(folders)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("state.json", lambda _data: b"{"),
        ("hindsight.json", lambda data: data[:40]),
        ("models/current", lambda _data: b"\xff\xfe"),
        ("backups/", lambda data: data[:5000]),
    ],
)
def test_what_costs_nothing_is_mended(
    folders: Folders, capsys: pytest.CaptureFixture[str], name: str, broken: Callable[[bytes], bytes]
) -> None:
    path = of(folders, name)
    path.write_bytes(broken(path.read_bytes()))
    assert path.stem in mended(capsys)
    assert not damage(folders)
    assert not any(path.name in said for said in document(capsys, "doctor")["next"])
    assert (folders.models / "current").read_text() == "made-by-hand"


def test_what_follows_from_the_rest_of_a_model_is_built_again_from_it(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    before = document(capsys, "recommend", "-n", "9")["items"]
    model = folders.models / "made-by-hand"
    (model / "index" / "shard-0.ann").write_bytes(b"")
    (model / "gram.npy").unlink()
    next(model.glob("names_*")).write_bytes(bytes(100))
    (folders.packs / "tempos" / "features.sqlite").write_bytes(b"no table")
    assert any("--repair" in one.said for one in damage(folders))
    assert "The index of the model of artists was damaged and is built again" in mended(capsys)
    (left,) = damage(folders)
    assert left.said.endswith(
        "discover community remove tempos, then discover features add PATH --name tempos"
    )
    assert document(capsys, "recommend", "-n", "9")["items"] == before
    with Session(folders) as session:
        assert session.artists.search("Artist A0")


def test_a_training_is_offered_where_the_data_is_here_and_done_where_that_is_agreed(
    folders: Folders, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[TrainingSettings] = []

    def train(session: Training, settings: TrainingSettings, **_: object) -> ModelManifest | None:
        trained.append(settings)
        return read_manifest(folders.models / "made-by-hand")

    monkeypatch.setattr(Training, "train", train)
    (folders.models / "made-by-hand" / "listeners.npy").write_bytes(b"")
    assert mended(capsys) == "Nothing was repaired: see “next”.", "nobody is there to answer"
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert run(["doctor", "--repair"]) == 0
    asked = capsys.readouterr().err
    assert "(listeners.npy). Training takes about 1 second, as the last time." in asked
    assert trained == []
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run(["doctor", "--repair"]) == 0
    assert "mended:\n  - A model of 60 artists was trained." in capsys.readouterr().out
    assert document(capsys, "doctor", "--repair", "--yes")["mended"] == ["A model of 60 artists was trained."]
    assert trained == [TrainingSettings(factors=6)] * 2
    shutil.rmtree(folders.packs / "crowd")
    assert retrainings(folders) == [], "another would know less"
    shutil.rmtree(folders.models)
    assert retrainings(folders) == []


class Terminal(io.StringIO):
    """Somebody at a terminal, who types this."""

    def isatty(self) -> bool:
        return True


def test_tags_that_are_lost_with_the_library_are_read_again(
    folders: Folders, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wav(tmp_path / "music" / "1.wav", tags={"TPE1": "Artist A0", "TIT2": "Song 0"})
    with Session(folders) as session:
        session.music.add(tmp_path / "music")
        connection = session.library.connection
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'music_files'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(folders.database.read_bytes())
    data[(page - 1) * size : page * size] = bytes(size)
    folders.database.write_bytes(data)
    assert "Your folders of music were scanned: 1 file." in mended(capsys)
    with Session(folders) as session:
        assert session.music.counts().matched == 1


def test_what_sqlite_calls_damaged_is_the_library_if_that_is_seen_again(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    with Session(folders) as session:
        with pytest.raises(DiscoverError, match="whole as it is read again") as raised, session.exclusive():
            raise error
        assert not isinstance(raised.value, DamagedDataError)
        monkeypatch.setattr("engine.session.library.checked", lambda _: "row 1 missing from index")
        with pytest.raises(DamagedLibraryError, match="--repair"), session.exclusive():
            raise error


def test_a_disk_that_fails_under_whoever_looks_for_damage_is_what_is_said(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_path: Path) -> str:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("engine.paths.digest_of", fails)
    with Session(folders) as session, pytest.raises(DiscoverError, match="disk failed"), session.exclusive():
        raise ValueError("what came of it")


@pytest.mark.parametrize("opened", [open_names, lambda folder: open_norm_order(folder, (1, 1))])
def test_a_file_that_is_gone_is_said_in_words_of_ours(
    tmp_path: Path, opened: Callable[[Path], object]
) -> None:
    with pytest.raises(DamagedDataError, match=r"\(No such file or directory\)"):
        opened(tmp_path)


@pytest.mark.parametrize("call", ["stat", "open"])
@pytest.mark.parametrize("name", ["indptr.npy", "state.json"])
def test_a_disk_that_fails_at_one_file_is_said_beside_all_else_and_no_removing_advised(
    folders: Folders,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    call: str,
) -> None:
    usual, whole = getattr(Path, call), document(capsys, "doctor")
    (folders.root / "state.json").touch()

    def failing(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == name:
            raise OSError(errno.EIO, "Input/output error", str(self))
        return usual(self, *arguments, **options)

    monkeypatch.setattr(Path, call, failing)
    answer = document(capsys, "doctor")
    assert answer["packs"] == whole["packs"], "also that whose size nobody can say"
    assert answer["library"] == whole["library"]
    failed = [said for said in answer["next"] if name in said]
    assert [("disk failed" in said, "emove" in said) for said in failed] == [(True, False)]


def test_a_folder_that_goes_as_it_is_looked_through_has_the_size_of_what_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"1234")
    usual = os.scandir

    def gone(path: str) -> Any:
        if Path(path).name == "b":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        return usual(path)

    monkeypatch.setattr(os, "scandir", gone)
    assert size_of(tmp_path) == 8
    assert entries(tmp_path / "gone") == []


def test_a_disk_that_fails_as_the_app_looks_for_damage_ends_nothing(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path) -> str:
        raise OSError(errno.EIO, "Input/output error", str(path))

    asked: list[object] = []
    monkeypatch.setattr("engine.paths.digest_of", fails)
    app: Any = SimpleNamespace(folders=folders, call_from_thread=lambda *what: asked.append(what))
    Repairing(app)._look_at_data()
    assert asked == []
