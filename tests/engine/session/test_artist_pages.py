"""The artist's card: what is said of one's own, of new, blocked and unknown artists."""

from __future__ import annotations

import pytest

from engine.canonical_keys import artist_key
from engine.errors import UnknownNameError
from engine.privacy import Door
from engine.session import Session
from engine.store.database import open_library
from engine.taste.rules import Rule
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

OWN, NEW = ARTISTS[3], ARTISTS[33]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folders = write_model(tmp_path_factory.mktemp("data"))
    connection = open_library(Door(folders))
    for number in (0, 3, 6, 9, 12, 1, 2):
        play(connection, ARTISTS[number], "A Song", *[number * 86_400 + i for i in range(1 + number % 5)])
    play(connection, "Nobody Else", "Theirs", 5)
    connection.close()
    session = Session(folders)
    yield session
    session.close()


def test_of_a_new_artist_it_says_why_and_of_ones_own_how_much_it_speaks_for(session) -> None:
    new = session.artist_pages.of(NEW)
    explanation = session.discover.explain(NEW)
    assert (new.rank, new.why, new.listeners) == (
        explanation.rank,
        explanation.shares[:5],
        explanation.listeners,
    )
    assert (new.of_taste, new.speaks_for, new.played.plays) == (0.0, (), 0)
    assert new.tastes == explanation.tastes, "by the same shares as in the list, also of few artists"
    assert new.near == tuple(item.artist for item in session.artists.related(NEW, 5).items)
    own = session.artist_pages.of(OWN)
    assert own.played.tracks == (("A Song", 4),)
    assert 0 < own.of_taste < 1
    assert 0 < own.of_discover < 1
    for share in own.speaks_for:
        reasons = {reason.artist: reason.share for reason in session.discover.explain(share.artist).shares}
        assert share.share == pytest.approx(reasons[OWN])
    assert len(own.speaks_for) == 5
    every = [session.artist_pages.of(ARTISTS[number]) for number in (0, 3, 6, 9, 12, 1, 2)]
    assert sum(card.of_discover for card in every) == pytest.approx(1.0)


def test_a_blocked_artists_card_recommends_nothing_and_one_left_out_says_so(session) -> None:
    session.verdicts.judge("block", NEW)
    card = session.artist_pages.of(NEW)
    assert (card.verdict, card.rank, card.why, card.near, card.tags, card.listeners) == (
        "block",
        None,
        (),
        (),
        (),
        0,
    )
    session.verdicts.judge(None, NEW)
    rule = session.taste.exclude(Rule(artist=OWN))
    card = session.artist_pages.of(OWN)
    assert (card.why, card.of_taste, card.rank) == ((), 0.0, None)
    assert "All its plays are excluded" in card.note
    session.taste.include(rule.id)
    assert session.artist_pages.of(OWN).of_taste


def test_plays_with_others_are_told_apart_from_none(tmp_path) -> None:
    folders = write_model(tmp_path)
    connection = open_library(Door(folders))
    for number in (0, 3, 6):
        play(connection, ARTISTS[number], "A Song", number, number + 9)
    play(connection, f"{NEW} & {OWN}", "Theirs", 5, 86_400, 172_800)
    connection.close()
    with Session(folders) as session:
        cards = [session.artist_pages.of(name) for name in (NEW, OWN, ARTISTS[0], ARTISTS[30])]
    assert [(card.played.plays, card.with_others) for card in cards] == [(0, 3), (2, 3), (2, 0), (0, 0)]


def test_who_is_in_no_catalog_has_a_card_and_who_is_nowhere_has_none(session) -> None:
    card = session.artist_pages.of("nobody else")
    assert (card.artist, card.played.plays, card.near) == ("Nobody Else", 1, ())
    assert "Not in the community data" in card.note
    assert card.key == artist_key("Nobody Else")
    with pytest.raises(UnknownNameError):
        session.artist_pages.of("Zyx never heard of")
