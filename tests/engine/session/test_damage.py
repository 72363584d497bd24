"""Damage is named by file, each with what to do, and what is whole is not named."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import Folders
from engine.session.damage import damage, damage_of_data
from engine.session.library import Library
from engine.session.packs import Packs
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
        ("models/current", "Train again: discover train", False),
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
