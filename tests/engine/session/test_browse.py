"""Browsing over a library: the tree counts what is there, its lists are in Discover's order, and verdicts hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import UnknownNameError
from engine.paths import Folders
from engine.recommend.browse import NO_DECADES, NO_GENRES
from engine.recommend.settings import DEFAULTS
from engine.session import Session
from engine.session.browse import Browse
from engine.session.library import Change, Library
from engine.taste.rules import Rule
from tests.support.audio import song
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tests.support.services import discover_of
from tests.support.tagged import TAGS, give_tags

ASKED = replace(DEFAULTS, n=60, day=20_000)


@pytest.fixture
def browse(library: Library) -> Browse:
    give_tags(library.folders)
    return Browse(library, discover_of(library))


def test_the_tree_has_the_persons_genres_first_and_decades_last(browse: Browse) -> None:
    found = browse.tree(ASKED)
    assert [(one.name, one.parent, one.depth, one.artists, one.known) for one in found.nodes] == [
        ("all artists", None, 0, 60, 5),
        ("rock", None, 0, 30, 5),
        ("post-punk", "rock", 1, 10, 4),
        ("ambient", None, 0, 20, 0),
        ("1980s", None, 0, 10, 1),
        ("1990s", None, 0, 10, 2),
    ]
    assert [one.plays_share for one in found.nodes] == pytest.approx([1.0, 1.0, 0.8, 0.0, 0.2, 0.4])
    assert found.notes == ()


def test_a_genre_is_in_the_order_of_discover_with_what_is_known_among_it(
    browse: Browse, library: Library
) -> None:
    discover = discover_of(library)
    new = discover.list(ASKED)
    known = discover.list(replace(ASKED, familiarity=0.0))
    score = {item.artist: item.score for item in (*new.items, *known.items)}
    found = browse.list("POST punk", ASKED)
    assert (found.name, found.artists, found.known) == ("post-punk", 10, 4)
    assert {item.artist: item.score for item in found.items} == {
        ARTISTS[number]: pytest.approx(score[ARTISTS[number]]) for number in range(0, 30, 3)
    }
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)
    assert {item.artist for item in found.items if item.known} == {ARTISTS[n] for n in (0, 3, 6, 9)}
    fresh = browse.list("post-punk", ASKED, "new").items
    assert [item.artist for item in fresh] == [item.artist for item in found.items if not item.known]
    own = browse.list("post-punk", replace(ASKED, n=3), "known").items
    assert [item.artist for item in own] == [item.artist for item in found.items if item.known][:3]
    popular = browse.list("rock", replace(ASKED, popularity=1.0), "new").items
    obscure = browse.list("rock", replace(ASKED, popularity=-1.0), "new").items
    assert popular[0].listeners > obscure[0].listeners


def test_verdicts_and_exclusions_hold_at_once(browse: Browse) -> None:
    with Session(browse.library.folders) as session:
        before = session.browse.list("post-punk", ASKED)
        session.verdicts.judge("block", ARTISTS[12])
        session.verdicts.judge("hide", ARTISTS[15])
        session.verdicts.judge("like", ARTISTS[18])
        after = session.browse.list("post-punk", ASKED)
        gone = {item.artist for item in before.items} - {item.artist for item in after.items}
        assert gone == {ARTISTS[12], ARTISTS[15]}
        assert next(item for item in after.items if item.artist == ARTISTS[18]).liked
        assert {one.name: one.artists for one in session.browse.tree(ASKED).nodes}["post-punk"] == 8
        scores = {item.artist: item.score for item in session.browse.list("post-punk", ASKED).items}
        kept = session.taste.exclude(Rule(artist=ARTISTS[0]))
        moved = session.browse.list("post-punk", ASKED)
        assert ARTISTS[0] not in {item.artist for item in moved.items}, "in no list, as in Discover"
        assert scores[ARTISTS[21]] != next(i.score for i in moved.items if i.artist == ARTISTS[21])
        assert kept.id is not None
        session.taste.include(kept.id)
        assert {item.artist: item.score for item in session.browse.list("post-punk", ASKED).items} == scores


def test_a_genre_all_of_whose_artists_are_blocked_is_gone_and_what_was_below_it_stays(browse: Browse) -> None:
    give_tags(browse.library.folders, [*TAGS, *((n, "odd", 5.0) for n in (50, 51, 52, 53))])
    browse.library.changed(Change.EVERYTHING)
    names = [one.name for one in browse.tree(ASKED).nodes]
    assert "odd" in names
    with Session(browse.library.folders) as session:
        for number in (50, 51, 52, 53):
            session.verdicts.judge("block", ARTISTS[number])
    browse.library.reread()
    assert [one.name for one in browse.tree(ASKED).nodes] == [name for name in names if name != "odd"]


def test_without_genres_artists_are_grouped_the_same_every_time_and_it_is_said(library: Library) -> None:
    found = Browse(library, discover_of(library)).tree(ASKED)
    groups = [one for one in found.nodes if one.kind == "group"]
    # The model's items lie in three camps.
    assert [one.artists for one in groups] == [20, 20, 20]
    assert found.notes == (NO_GENRES,)
    again = Browse(library, discover_of(library))
    assert again.tree(ASKED) == found
    for group in groups:
        members = again.list(group.name, ASKED).items
        assert len({ARTISTS.index(item.artist) % 3 for item in members}) == 1
        assert set(group.name.split(", ")) <= {item.artist for item in members}
    with Session(library.folders) as session:
        session.verdicts.judge("block", groups[0].name.split(", ")[0])
        named = [one.name for one in session.browse.tree(ASKED).nodes if one.kind == "group"]
    assert groups[0].name.split(", ")[0] not in ", ".join(named), "a blocked artist names nothing"


def test_without_decades_it_is_said_and_an_unknown_name_gets_the_nearest(library: Library) -> None:
    give_tags(library.folders, [tag for tag in TAGS if tag[1][0] not in "18"])
    browse = Browse(library, discover_of(library))
    assert browse.tree(ASKED).notes == (NO_DECADES,)
    with pytest.raises(UnknownNameError, match="Did you mean ambient"):
        browse.list("ambeint", ASKED)


def test_what_decays_moves_the_order_as_in_discover(browse: Browse, library: Library) -> None:
    asked = replace(ASKED, half_life=3.0)
    score = {item.artist: item.score for item in discover_of(library).list(asked).items}
    found = browse.list("all artists", asked, "new").items
    assert {item.artist: item.score for item in found} == {
        item.artist: pytest.approx(score[item.artist]) for item in found if item.artist in score
    } | {item.artist: item.score for item in found if item.artist not in score}
    assert len(score) > 20


def test_solo_browses_what_was_played(tmp_path: Path) -> None:
    with Session(write_model(tmp_path / "solo", solo=True)) as session:
        for number in range(20):
            play(session.library.connection, ARTISTS[number], "A Song", number * 86_400)
        found = session.browse.list("all artists", ASKED)
        assert found.solo
        assert {item.artist for item in found.items if item.known} == set(ARTISTS[:20])


def decades(browse: Browse) -> dict[str, tuple[int, int]]:
    """How many artists each decade has, and how many of them are known."""
    nodes = browse.tree(ASKED).nodes
    return {one.name: (one.artists, one.known) for one in nodes if one.kind == "decade"}


def own_files(folders: Folders, *dated: tuple[int, str, str]) -> None:
    """Add a folder of files, each of (artist's number, title, year)."""
    music = folders.root.parent / "music"
    for number, title, year in dated:
        song(music, ARTISTS[number], title, TDRC=year)
    with Session(folders) as session:
        session.music.add(music)


def test_decades_are_of_tags_and_of_ones_own_files_and_one_each(browse: Browse) -> None:
    # The tags say 1980s of 10 artists, 0 and 4 among them.
    own_files(browse.library.folders, (0, "Tin Roof", "1984"), (1, "Lark", "1983-05-02"), (2, "Snow", "1967"))
    browse.library.reread()
    assert decades(browse) == {"1960s": (1, 0), "1980s": (11, 2), "1990s": (10, 2)}
    assert [item.artist for item in browse.list("60s", ASKED).items] == [ARTISTS[2]]
    assert browse.list("80s", ASKED) == browse.list("1980s", ASKED)
    assert browse.section_of([], ARTISTS[2], ASKED) == "rock", "a decade is no genre"


def test_verdicts_rules_and_forgetting_hold_for_decades_of_files(browse: Browse) -> None:
    folders = browse.library.folders
    dated = [(number, "Tin Roof", "1967") for number in (2, 5, 6, 8)]
    own_files(folders, *dated, (8, "Lark", "1955"), (11, "Lark", "1951"), (14, "Lark", "1934"))
    with Session(folders) as session:
        seen = decades(session.browse)
        assert (seen["1930s"][0], seen["1950s"][0], seen["1960s"][0]) == (1, 2, 4)
        session.verdicts.judge("block", ARTISTS[2])
        session.verdicts.judge("block", ARTISTS[8], "Lark")
        session.taste.exclude(Rule(artist=ARTISTS[6]))
        session.forget(Rule(artist=ARTISTS[14]))
        seen = decades(session.browse)
        assert (seen["1950s"][0], seen["1960s"][0]) == (1, 2)
        assert "1930s" not in seen
    with Session(folders, private=True) as private:
        private.verdicts.judge("block", ARTISTS[11])
        assert "1950s" not in decades(private.browse)
    browse.library.reread()
    assert decades(browse)["1950s"] == (1, 0)


def test_without_any_tags_decades_of_files_are_after_the_groups(library: Library) -> None:
    own_files(library.folders, (0, "Tin Roof", "1984"))
    found = Browse(library, discover_of(library)).tree(ASKED)
    assert [one.kind for one in found.nodes] == ["all", "group", "group", "group", "decade"]
    assert (found.nodes[-1].name, found.nodes[-1].artists, found.notes) == ("1980s", 1, (NO_GENRES,))
