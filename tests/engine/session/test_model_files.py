"""Models as files over a library alone: written, taken in, listed, and the way back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from engine.errors import (
    CancelledError,
    DiscoverError,
    NothingYetError,
    PrivateSessionError,
    UnreadableFileError,
    UsageError,
)
from engine.session.library import Change, Library
from engine.session.model_files import ModelFiles
from engine.session.models import Models
from engine.session.packs import Packs
from tests.support.folders import fingerprint
from tests.support.models import write_model
from tests.support.services import evaluation_of


def over(library: Library) -> ModelFiles:
    models = Models(library)
    return ModelFiles(library, models, Packs(library), evaluation_of(library, models))


@pytest.fixture
def files(library: Library) -> ModelFiles:
    return over(library)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Somebody else's model of 40 artists."""
    other = Library(write_model(tmp_path / "theirs", items=40, seed=5))
    made = over(other).export(tmp_path / "theirs.zip")
    other.close()
    return Path(made.file)


def test_what_is_written_is_described_as_it_is(files: ModelFiles, library: Library, tmp_path: Path) -> None:
    library.set_private(True)
    before = fingerprint(library.folders.root)
    made = files.export(tmp_path / "mine.zip")
    data = (tmp_path / "mine.zip").read_bytes()
    assert (made.bytes, made.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert made.manifest.items == 60
    assert fingerprint(library.folders.root) == before
    with pytest.raises(NothingYetError):
        files.export(tmp_path / "tracks.zip", "tracks")
    with pytest.raises(CancelledError):
        files.export(tmp_path / "stopped.zip", cancelled=lambda: True)
    assert not (tmp_path / "stopped.zip").exists()


def test_a_solo_model_is_not_written(tmp_path: Path) -> None:
    library = Library(write_model(tmp_path / "solo", solo=True))
    with pytest.raises(UsageError):
        over(library).export(tmp_path / "mine.zip")
    assert not (tmp_path / "mine.zip").exists()
    library.close()


def test_an_added_model_is_in_use_every_cache_hears_of_it_and_undo_brings_back_the_one_before(
    files: ModelFiles, library: Library, file: Path
) -> None:
    models, changes = Models(library), list[Change]()
    before = models.open().manifest
    library.subscribe(changes.append)
    added = files.add(file, name="from a friend")
    assert Change.EVERYTHING in changes
    assert models.open().manifest == added
    assert (added.items, added.origin.name if added.origin else "") == (40, "from a friend")
    listed = {one["items"]: one for one in files.all()}
    assert {items: one["in_use"] for items, one in listed.items()} == {40: True, 60: False}
    assert listed[40]["digest"] == hashlib.sha256(file.read_bytes()).hexdigest()
    changes.clear()
    assert files.undo() == before
    assert Change.EVERYTHING in changes
    assert models.open().manifest == before
    assert files.undo() == added, "and back again"
    with pytest.raises(NothingYetError):
        files.undo("tracks")


def test_the_file_in_use_changes_nothing_when_it_is_added_again(
    files: ModelFiles, library: Library, file: Path
) -> None:
    first = files.add(file)
    in_use, before = files.in_use(), fingerprint(library.folders.models)
    assert first.id in in_use
    assert files.add(file) == first
    assert (files.in_use(), fingerprint(library.folders.models)) == (in_use, before)


def test_what_is_not_such_a_model_is_refused_and_the_one_in_use_stays(
    files: ModelFiles, library: Library, file: Path, tmp_path: Path
) -> None:
    before = fingerprint(library.folders.models)
    (tmp_path / "half.zip").write_bytes(file.read_bytes()[:2000])
    table = tmp_path / "tempos.csv"
    table.write_text("artist,track,bpm\nThe Lanterns,Slow Ferry,120\n")
    for path, digest, error, words in (
        (file, "0" * 64, DiscoverError, "0000"),
        (tmp_path / "half.zip", "", UnreadableFileError, "half.zip"),
        (table, "", UnreadableFileError, "community data .track features."),
        (tmp_path / "nowhere", "", UnreadableFileError, "nowhere"),
    ):
        with pytest.raises(error, match=words):
            files.add(path, sha256=digest)
    with pytest.raises(CancelledError):
        files.add(file, cancelled=lambda: True)
    library.set_private(True)
    for change in (lambda: files.add(file), files.undo):
        with pytest.raises(PrivateSessionError):
            change()
    assert fingerprint(library.folders.models) == before
