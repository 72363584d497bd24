"""Two rankings compared in Discover: mixed, credited, ended, kept and undone; nothing of it in a private session."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from engine.errors import NothingYetError, PrivateSessionError, UsageError
from engine.recommend.rankings import RANKINGS
from engine.recommend.settings import DEFAULTS
from engine.session import Session
from tests.support.listens import play
from tests.support.services import played_some

ASKED = replace(DEFAULTS, n=12)


@pytest.fixture
def session(tmp_path):
    with Session(played_some(tmp_path / "data")) as session:
        yield session


def listed(session, settings=ASKED) -> list[str]:
    return [item.artist for item in session.discover.list(settings).items]


def sides(session) -> dict[str, str]:
    rows = session.library.connection.execute("SELECT item_key, side FROM compared").fetchall()
    return dict(rows)


def test_the_list_is_of_both_and_as_before_once_it_ends(session) -> None:
    before = listed(session)
    session.comparisons.begin("fewer hits")
    found = session.discover.list(ASKED)
    mixed = [item.artist for item in found.items]
    assert found.compared == "fewer hits"
    assert mixed == listed(session)
    assert mixed != before
    assert len(set(mixed)) == len(mixed) == 12
    assert [item.rank for item in found.items] == list(range(1, 13))
    for item in found.items:
        shares = {share.artist: share.share for share in session.discover.explain(item.artist, ASKED).shares}
        for reason in item.why:
            assert shares[reason.artist] == pytest.approx(reason.share)
    assert session.comparisons.end().name == "usual"
    assert listed(session) == before


def test_what_is_opened_liked_or_played_later_counts_for_who_picked_it(session) -> None:
    session.comparisons.begin("fewer hits")
    found = [item for item in session.discover.list(ASKED).items if not item.known]
    session.discover.note_shown([item.key for item in found])
    picked = sides(session)
    assert set(picked) == {item.key for item in found}
    opened, liked, played = found[0], found[1], found[2]
    session.discover.note_opened(opened.key)
    session.verdicts.judge("like", liked.artist)
    session.discover.note_opened(liked.key)  # one line counts once, whatever is done with it
    play(session.library.connection, played.artist, "A Song", int(time.time()))
    play(session.library.connection, found[3].artist, "A Song", int(time.time()) - 30 * 86_400)
    tally = session.comparisons.standing().tally
    assert tally.shown_usual + tally.shown_other == len(found)
    for side in ("usual", "other"):
        assert getattr(tally, side) == sum(picked[one.key] == side for one in (opened, liked, played))


def test_the_shelf_of_the_less_known_is_no_part_of_a_comparison(session: Session) -> None:
    session.comparisons.begin("fewer hits")
    found = session.discover.list(ASKED).items[:8]
    assert session.discover.less_known(ASKED).compared == ""
    session.discover.note_shown([item.key for item in found])
    standing = session.comparisons.standing()
    assert standing is not None
    assert (standing.tally.shown_usual, standing.tally.shown_other) == (4, 4)


def test_what_is_measured_is_the_ranking_that_was_kept(session, monkeypatch) -> None:
    usual = session.evaluation.measure(also={"lean": replace(DEFAULTS, popularity=-0.2)})
    assert usual.ranking == "usual"
    measured = {}
    for name in ("fewer hits", "factors"):
        session.comparisons.begin(name)
        assert session.evaluation.measure().ranking != name, "it is compared, not kept"
        session.comparisons.end(name)
        found = session.evaluation.measure()
        assert (found.ranking, session.evaluation.last().ranking) == (name, name)
        measured[name] = found.next["Discover"]
    assert measured["fewer hits"] == usual.next["lean"]
    assert measured["factors"] != measured["fewer hits"]
    opened: list[str] = []
    monkeypatch.setattr(
        session.models, "open_before", lambda level: opened.append(level) or session.models.open(level)
    )
    monkeypatch.setattr(session.comparisons, "in_force", lambda: RANKINGS["model before"])
    assert session.evaluation.measure().ranking == "model before"
    assert opened == ["artists"]


def test_the_winner_ranks_and_each_step_can_be_undone(session) -> None:
    before = listed(session)
    alone = replace(ASKED, popularity=-0.2)
    lean = listed(session, alone)
    session.comparisons.begin("fewer hits")
    assert session.comparisons.end("fewer hits").name == "fewer hits"
    assert listed(session) == lean
    assert session.comparisons.in_force().name == "fewer hits"
    assert "goes on" in session.comparisons.undo()
    assert session.comparisons.running().name == "fewer hits"
    assert "gone" in session.comparisons.undo()
    assert listed(session) == before
    with pytest.raises(NothingYetError, match="No comparison to undo"):
        session.comparisons.undo()


def test_what_cannot_be_compared_says_so(session) -> None:
    with pytest.raises(UsageError, match="use one of usual, fewer hits"):
        session.comparisons.begin("better")
    with pytest.raises(UsageError, match="already"):
        session.comparisons.begin("usual")
    with pytest.raises(NothingYetError, match="from before"):
        session.comparisons.begin("model before")
    with pytest.raises(NothingYetError, match="No comparison is running"):
        session.comparisons.end()
    assert "model before" not in [one.name for one in session.comparisons.choices()]
    session.comparisons.begin("factors")
    with pytest.raises(UsageError, match="End that first"):
        session.comparisons.begin("neighbours")
    with pytest.raises(UsageError, match="keep one of them"):
        session.comparisons.end("neighbours")


def test_a_private_session_mixes_nothing_notes_nothing_and_changes_nothing(session) -> None:
    before = listed(session)
    session.comparisons.begin("neighbours")
    session.library.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    session.close()
    with Session(session.folders, private=True) as private:
        assert listed(private) == before
        private.discover.note_shown([item.key for item in private.discover.list(ASKED).items])
        for act in (
            lambda: private.comparisons.begin("factors"),
            private.comparisons.end,
            private.comparisons.undo,
        ):
            with pytest.raises(PrivateSessionError, match="private session"):
                act()
        assert private.comparisons.standing().tally.shown_usual == 0
