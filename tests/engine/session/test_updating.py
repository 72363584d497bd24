"""Newer data over a library alone: what it brings, that the model and every cache follow, and what replaces nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.community.pack import Pack, PassedOver
from engine.community.statistics_dump import NothingNewerError
from engine.errors import DiscoverError, PrivateSessionError, UsageError
from engine.session.library import Change, Library
from engine.session.models import Models
from engine.session.packs import Packs
from engine.session.updating import News, Updates
from tests.support.communities import write_community
from tests.support.folders import fingerprint
from tests.support.models import names


@pytest.fixture
def packs(library: Library, tmp_path: Path) -> Packs:
    """With one pack of the 60 artists of the model in use."""
    packs = Packs(library)
    packs.add(write_community(tmp_path / "camps", artists=names(60)))
    return packs


@pytest.fixture
def models(library: Library) -> Models:
    return Models(library)


@pytest.fixture
def updates(library: Library, models: Models, packs: Packs) -> Updates:
    return Updates(library, models, packs)


def newer(packs: Packs, tmp_path: Path, artists: int, listeners: int = 90) -> Callable[[str], object]:
    """Adds data of so many artists under the name it is given."""
    folder = tmp_path / f"of-{artists}"
    file = write_community(folder, artists=names(artists), seed=1, listeners=listeners)
    return lambda name: packs.add(file, name=name)


def test_new_artists_are_counted_join_the_model_and_empty_every_cache(
    updates: Updates, models: Models, packs: Packs, library: Library, tmp_path: Path
) -> None:
    first, changes = models.open(), list[Change]()
    library.subscribe(changes.append)
    news = updates.update("artists", newer(packs, tmp_path, 63, listeners=120))
    assert (news.pack.name, news.pack.listeners, news.listeners_before) == ("camps", 120, 90)
    assert (news.items, news.joined, news.unchanged) == (3, 3, "")
    assert 0 < news.share < 1
    assert [pack.name for pack in packs.all()] == ["camps"]
    assert changes[-1] is Change.EVERYTHING
    assert models.open() is not first
    assert models.open().manifest.items == 63


def test_where_nothing_is_newer_it_says_so_and_what_was_read_in_vain_is_noted(
    updates: Updates, packs: Packs, library: Library
) -> None:
    models = fingerprint(library.folders.models)
    vain = PassedOver(url="https://example.org/dump-1", bytes=9, why="cut short")

    def take(_name: str) -> None:
        raise NothingNewerError("Nothing newer holds.", (vain,))

    news = updates.update("artists", take)
    assert (news.items, news.joined, news.unchanged) == (0, 0, "Nothing newer holds.")
    assert news.in_words().startswith("Nothing newer holds. 90 listeners, 0 more than before; 0 new artists.")
    assert [(pack.name, pack.listeners) for pack in packs.all()] == [("camps", 90)]
    assert Pack(library.folders.packs / "camps").manifest.passed == (vain,)
    assert fingerprint(library.folders.models) == models


def test_what_fails_or_is_refused_leaves_all_packs_and_the_model(
    updates: Updates, packs: Packs, library: Library, tmp_path: Path
) -> None:
    before = fingerprint(library.folders.packs) | fingerprint(library.folders.models)

    def fails(name: str) -> None:
        newer(packs, tmp_path, 63)(name)
        raise DiscoverError("The line is dead.")

    with pytest.raises(DiscoverError, match="The line is dead"):
        updates.update("artists", fails)
    with pytest.raises(UsageError, match="holds no artists"):
        updates.update("artists", lambda _name: None)
    library.set_private(True)
    with pytest.raises(PrivateSessionError):
        updates.update("artists", fails)
    assert fingerprint(library.folders.packs) | fingerprint(library.folders.models) == before
    assert [pack.name for pack in packs.all()] == ["camps"]


def test_which_pack_is_updated_must_be_clear(updates: Updates, packs: Packs, tmp_path: Path) -> None:
    assert updates.updated_pack("artists").name == "camps"
    packs.add(write_community(tmp_path / "others", artists=names(60), seed=2))
    with pytest.raises(UsageError, match=r"several packs of artists: camps, others\. Say which"):
        updates.updated_pack("artists")
    assert updates.updated_pack("artists", "others").name == "others"
    with pytest.raises(UsageError, match=r"no pack of artists called elsewhere to update\. Add one"):
        updates.updated_pack("artists", "elsewhere")
    with pytest.raises(UsageError, match=r"no pack of tracks to update\. Add one"):
        updates.updated_pack("tracks")


def test_news_are_said_in_the_numbers_they_hold(packs: Packs) -> None:
    (pack,) = packs.all()
    news = News(pack, 100, items=1, joined=0, share=0.0, rebuild=False)
    assert news.in_words() == "90 listeners, 10 fewer than before; 1 new artist."
    much = replace(news, listeners_before=80, items=1200, joined=1100, share=0.061)
    assert much.in_words() == (
        "90 listeners, 10 more than before; 1,200 new artists, 1,100 of them now in the model. "
        "6 % of what its listeners play is of artists no training saw."
    )
