"""Coverage over a library: by the model in use, else by the packs, kept until the library changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from engine.community.catalog import Catalog
from engine.job_messages import DescribedPack
from engine.session import Session
from engine.session.artists import Artists
from engine.session.coverage import Coverages
from engine.session.library import Library
from engine.session.models import Models
from engine.session.packs import Packs
from engine.session.verdicts import Verdicts
from tests.support.communities import write_community
from tests.support.models import ARTISTS, write_model
from tests.support.services import discover_of

# Of the library's six artists the model knows five, and of its eleven plays ten.
OTHERS = [f"Other {number}" for number in range(40)]


@pytest.fixture
def packs(library: Library) -> Packs:
    return Packs(library)


@pytest.fixture
def coverages(library: Library, packs: Packs) -> Coverages:
    return Coverages(library, Models(library), packs)


@pytest.fixture
def add(packs: Packs, tmp_path: Path) -> Callable[[str, list[str]], None]:
    def add(name: str, artists: list[str]) -> None:
        packs.add(write_community(tmp_path / name, artists=artists), name=name)

    return add


def without_model(library: Library) -> None:
    (library.folders.models / "current").unlink()


def test_it_is_that_of_the_model_in_use_whatever_packs_are_there(coverages: Coverages, add) -> None:
    add("strangers", OTHERS)
    found = coverages.of()
    assert found is not None
    assert (found.known, found.of, found.known_plays, found.plays) == (5, 6, 10.0, 11.0)
    assert found.packs == ("made up",)
    assert found.unknown == {"the lanterns"}


def test_before_there_is_a_model_it_is_that_of_the_packs_together(
    coverages: Coverages, library: Library, add
) -> None:
    without_model(library)
    assert coverages.of() is None
    add("few", [ARTISTS[0], *OTHERS])
    add("others", [ARTISTS[0], ARTISTS[3], "The Lanterns", *OTHERS])
    found = coverages.of()
    assert found is not None
    assert (found.known, found.known_plays, found.packs, found.source) == (
        3,
        5.0,
        ("few", "others"),
        "few, others",
    )


def test_each_pack_knows_its_own_share(coverages: Coverages, packs: Packs, add, tmp_path: Path) -> None:
    add("few", [ARTISTS[0], *OTHERS])
    add("strangers", OTHERS)
    (tmp_path / "tempos.csv").write_text("artist,track,bpm\nThe Lanterns,Slow Ferry,120\n")
    packs.add(tmp_path / "tempos.csv")
    described = {pack.name: coverages.described(pack) for pack in packs.all()}
    assert described["few"]["known"] == {"artists": 1, "of": 6, "plays_share": pytest.approx(2 / 11)}
    assert described["strangers"]["known"] == {"artists": 0, "of": 6, "plays_share": 0.0}
    assert described["tempos"]["known"] is None
    assert described["few"]["listeners"] == 90
    assert described["few"].keys() == DescribedPack.__annotations__.keys()


def test_in_solo_mode_nothing_is_said(coverages: Coverages, library: Library, add) -> None:
    add("few", [ARTISTS[0], *OTHERS])
    write_model(library.folders.root, solo=True)
    assert coverages.of() is None


def test_keys_are_looked_up_once_and_again_when_the_library_changed(
    coverages: Coverages, library: Library
) -> None:
    with patch.object(Catalog, "ids_of", autospec=True, side_effect=Catalog.ids_of) as asked:
        before = coverages.of()
        assert coverages.of() is before
        assert asked.call_count == 1
        Verdicts(library, Artists(library, Models(library))).judge("block", ARTISTS[0])
        after = coverages.of()
        assert asked.call_count == 2
    assert after is not None
    assert (after.known, after.of) == (4, 5)


def test_a_pack_that_is_stashed_or_removed_counts_no_more(
    coverages: Coverages, packs: Packs, library: Library, add
) -> None:
    without_model(library)
    add("few", [ARTISTS[0], *OTHERS])
    add("many", [*ARTISTS[:10], *OTHERS])
    seen = []
    for change in (lambda: None, lambda: packs.stash("many"), lambda: packs.restore("many")):
        change()
        found = coverages.of()
        seen.append(found and found.known)
    assert seen == [5, 1, 5]
    packs.remove("many")
    packs.remove("few")
    assert coverages.of() is None


@pytest.mark.parametrize("file", ["catalog.sqlite", "manifest.json"])
def test_damaged_data_is_said_by_what_uses_it(coverages: Coverages, library: Library, file: str) -> None:
    (library.folders.models / "made-by-hand" / file).write_bytes(b"{")
    assert coverages.of() is None


def test_a_model_says_where_its_data_came_from_when_that_is_gone(
    library: Library, coverages: Coverages
) -> None:
    file = library.folders.models / "made-by-hand" / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"source": "crowd.zip", "collected": "2011"}))
    found = coverages.of()
    assert found is not None
    assert (found.source, found.collected, found.data) == ("crowd.zip", "2011", "made up, 2011")


def test_a_pack_that_a_model_was_trained_on_may_go(library: Library, packs: Packs, add) -> None:
    models = Models(library)
    [only] = models.removed_packs()
    assert only.startswith(
        "The model of artists was trained on made up, since removed: it recommends as before"
    )
    assert only.endswith("before you train: discover community add PATH.")
    manifest = library.folders.models / "made-by-hand" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_bytes()) | {"source": "ListenBrainz"}))
    [of_dumps] = Models(library).removed_packs()
    assert "discover community fetch, or from a file" in of_dumps, "that is where it came from"
    assert discover_of(library).list().items
    add("others", OTHERS)
    [other] = models.removed_packs()
    assert other.endswith("Train again on what is there: discover train.")
    add("made up", ARTISTS)
    assert models.removed_packs() == [other], "a pack by another name is another pack"


@pytest.mark.parametrize("another", [False, True])
def test_a_pack_that_cannot_be_read_is_not_said_to_be_removed(
    library: Library, packs: Packs, add, another: bool
) -> None:
    file = library.folders.models / "made-by-hand" / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"packs": ["crowd"]}))
    add("crowd", ARTISTS)
    if another:
        add("others", OTHERS)
    (library.folders.packs / "crowd" / "manifest.json").write_bytes(b"{")
    models = Models(library)
    cannot = "The model of artists was trained on crowd, which cannot be read now: it recommends as before."
    assert models.removed_packs() == [cannot]
    assert models.lost_by_training("artists") == "", "a training says what is the matter, and ends"
    library.close()
    with Session(library.folders) as session:
        outdated = session.status().outdated
        assert outdated.startswith(f"{cannot} The pack crowd is damaged (")
        without_model(library)
        assert f"{cannot} {session.status().outdated}" == outdated
