"""Search: names as people type them, in part, in another order, with a slip; one order for own and community."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical_keys import artist_key, track_name
from engine.errors import DamagedDataError
from engine.paths import Folders
from engine.privacy import Door
from engine.search import Query, best, build_names, open_names, write_names
from engine.search.slips import slips, slips_from_start
from engine.session import Session
from engine.store.database import open_library
from engine.taste.rules import Rule
from tests.support.listens import play
from tests.support.models import write_model

NAMES = [
    "Radiohead", "Radio", "Boards of Canada", "Burial", "The Beatles", "Beat Happening", "坂本龍一", "中森明菜",
    "Sigur Rós", "Café Tacvba", "Mono", "Monolake", "A", "Los Ángeles Azules", "Пикник", "!!!", "4hero", "Boa",
]  # fmt: skip
KEYS = [artist_key(name) for name in NAMES]
INDEX = build_names(KEYS, range(len(NAMES)))


def asked(text: str, n: int = 5) -> list[str]:
    return [NAMES[hit.number] for hit in best(Query.of(text), INDEX, n)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("radiohead", "Radiohead"),
        ("RADIO", "Radio"),
        ("radoihead", "Radiohead"),
        ("raidohead", "Radiohead"),
        ("canada boards", "Boards of Canada"),
        ("boards cana", "Boards of Canada"),
        ("buriel", "Burial"),
        ("beatles", "The Beatles"),
        ("the beatels", "The Beatles"),
        ("坂本", "坂本龍一"),
        ("龍", "坂本龍一"),
        ("sigur ros", "Sigur Rós"),
        ("cafe tacuba", "Café Tacvba"),
        ("mo", "Mono"),
        ("a", "A"),
        ("пикник", "Пикник"),
        ("пикиник", "Пикник"),
        ("4her", "4hero"),
    ],
)
def test_the_name_meant_comes_first(text: str, first: str) -> None:
    assert asked(text)[0] == first


def test_nothing_like_it_finds_nothing() -> None:
    assert asked("xylophone quartet") == []
    assert asked("") == []
    assert asked('"; DROP') == []


def test_better_answers_come_before_better_known_names() -> None:
    # Numbers rise as names are less known: the whole name, its beginning, its words, then a slip.
    keys = [artist_key(name) for name in ("Monx", "A Mono", "Monolake", "Mono", "Tomono")]
    found = [hit.number for hit in best(Query.of("mono"), build_names(keys, range(5)), 5)]
    assert found[:4] == [3, 2, 1, 4]


def test_names_with_one_slip_are_found() -> None:
    rng = random.Random(3)
    letters = "abcdefghijklmnopqrstuvwxyz"
    keys = sorted(
        {
            " ".join(
                "".join(rng.choice(letters) for _ in range(rng.randint(3, 9)))
                for _ in range(rng.randint(1, 3))
            )
            for _ in range(3000)
        }
    )
    index, found, tried = build_names(keys, range(len(keys))), 0, 0
    for number in rng.sample(range(len(keys)), 300):
        key = keys[number]
        at = rng.randrange(len(key) - 1)
        slipped = rng.choice(
            [
                key[:at] + key[at + 1 :],
                key[:at] + key[at] + key[at:],
                key[:at] + rng.choice(letters) + key[at + 1 :],
                key[:at] + key[at + 1] + key[at] + key[at + 2 :],
            ]
        )
        tried += 1
        found += number in [hit.number for hit in best(Query.of(slipped), index, 5)]
    assert found / tried > 0.97


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=100)
def test_slips_are_those_of_the_textbook(one: str, other: str) -> None:
    assert slips(one, other, 99) == _plain_distance(one, other)
    begun = min(_plain_distance(one, other[:end]) for end in range(len(other) + 1))
    assert slips_from_start(one, other, 99)[0] == begun


def _plain_distance(one: str, other: str) -> int:
    """Optimal string alignment, by its recurrence."""
    rows = [[max(i, j) if 0 in (i, j) else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            cell = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cell = min(cell, rows[i - 2][j - 2] + 1)
            rows[i][j] = cell
    return rows[-1][-1]


@given(st.lists(st.text(max_size=40), max_size=30), st.text(max_size=60))
@settings(max_examples=100)
def test_any_names_and_any_question_give_whole_names_and_no_error(names: list[str], text: str) -> None:
    keys = [artist_key(name) for name in names]
    index = build_names(keys, range(len(keys)))
    hits = best(Query.of(text), index, 10)
    assert len({hit.number for hit in hits}) == len(hits) <= 10
    for number, key in enumerate(keys):
        if len(key) > 0 and Query.of(key).key == key and keys.index(key) == number:
            assert key in index.keys(index.ids[[hit.number for hit in best(Query.of(key), index, 30)]])


def test_what_is_written_is_what_is_mapped(tmp_path) -> None:
    write_names(tmp_path, INDEX)
    again = open_names(tmp_path)
    assert best(Query.of("radoihead"), again, 5) == best(Query.of("radoihead"), INDEX, 5)
    assert len(again) == len(INDEX)


# -- in a library ------------------------------------------------------------------------------------------


@pytest.fixture
def session(tmp_path):
    folders: Folders = write_model(
        tmp_path / "data", items=6, called=["Burial", "Moire", "Burel", "Bur", "Actress", "Emptyset"]
    )
    connection = open_library(Door(folders))
    play(connection, "Burel", "Archangel Falls", 1, 2, 3)
    play(connection, "Moire", "Archangel", 1, 2)
    play(connection, "Only Mine", "Tin Ferry", 4)
    connection.close()
    session = Session(folders)
    yield session
    session.close()


def rows(session: Session, text: str) -> list[tuple[str, str, str | None]]:
    return [(hit.kind, hit.artist, hit.track) for hit in session.artists.search(text)]


def test_own_and_community_names_are_one_list(session: Session) -> None:
    assert rows(session, "bur")[:3] == [
        ("artist", "Bur", None),
        ("artist", "Burel", None),
        ("artist", "Burial", None),
    ]
    burel = session.artists.search("burel")[0]
    assert (burel.plays, burel.listeners > 0) == (3, True), "what is known of it on both sides"
    assert rows(session, "only mine")[0] == ("artist", "Only Mine", None)


def test_a_track_is_found_by_its_title_and_by_artist_and_title(session: Session) -> None:
    assert rows(session, "archangel")[0] == ("track", "Moire", "Archangel")
    assert rows(session, "burel archangel")[0] == ("track", "Burel", "Archangel Falls")
    assert rows(session, "tin fery")[0] == ("track", "Only Mine", "Tin Ferry")


def test_a_blocked_artist_and_its_tracks_are_found_by_nothing(session: Session) -> None:
    session.verdicts.judge("block", "Burel")
    for text in ("burel", "bure", "burel archangel", "archangel falls"):
        assert "Burel" not in {hit.artist for hit in session.artists.search(text)}


def test_a_blocked_track_is_found_by_nothing_and_others_of_its_name_are(session: Session) -> None:
    session.verdicts.judge("block", "Moire", "Archangel")
    found = rows(session, "archangel")
    assert ("track", "Moire", "Archangel") not in found
    assert ("track", "Burel", "Archangel Falls") in found


def test_the_communitys_tracks_are_found_beside_ones_own_each_listed_once_and_none_that_is_blocked(
    session: Session,
) -> None:
    known = [
        ("Burel", "Archangel Falls - Live"),
        ("Nobody Played", "Archangels Rise"),
        ("The Actress", "Hazy Mornings"),
    ]
    write_model(session.folders.root, level="tracks", called=[track_name(*one) for one in known], items=3)
    session.reload()
    found = {
        (hit.artist, hit.track): hit for hit in session.artists.search("archangel") if hit.kind == "track"
    }
    assert ("Nobody Played", "Archangels Rise") in found
    assert found["Nobody Played", "Archangels Rise"].plays == 0
    mine = found["Burel", "Archangel Falls"]
    assert mine.plays > 0
    assert mine.listeners > 0, "another version is the same track"
    assert ("Burel", "Archangel Falls - Live") not in found
    assert session.artists.search("mornings actress")[0].track == "Hazy Mornings", (
        "by artist and title together"
    )
    play(session.library.connection, "Actress", "Hazy Mornings (Live)", 5, 6, 7)
    session.reload()
    by_title = {(hit.artist, hit.track): hit.plays for hit in session.artists.search("hazy mornngs")}
    assert by_title["Actress", "Hazy Mornings (Live)"] == 3
    session.verdicts.judge("block", "Actress")
    session.verdicts.judge("block", "Nobody Played", "Archangels Rise (Live)")
    assert session.artists.search("mornings") == ()
    assert "Nobody Played" not in {hit.artist for hit in session.artists.search("archangels rise")}


def test_an_artist_in_two_spellings_is_listed_once_with_what_both_sides_know(session: Session) -> None:
    play(session.library.connection, "The Actress", "Hazyville", 7, 8)
    assert [(hit.artist, hit.plays, hit.listeners > 0) for hit in session.artists.search("actress")] == [
        ("The Actress", 2, True)
    ]


def test_a_name_after_the_is_found_among_many_that_begin_so() -> None:
    keys = ["the beatles", *(f"beat {number}" for number in range(200))]
    assert best(Query.of("beat"), build_names(keys, range(201)), 5)[0].number == 0


def test_forgotten_names_were_never_written(session: Session) -> None:
    session.artists.search("tin ferry")
    session.forget(Rule(artist="Only Mine"))
    assert session.artists.search("only mine") == ()
    assert session.artists.search("tin ferry") == ()
    held = b"".join(path.read_bytes() for path in session.folders.root.rglob("*") if path.is_file())
    assert b"tin ferry" not in held.lower()


def test_a_damaged_index_is_reported_and_an_older_model_without_one_answers_alike(session: Session) -> None:
    listed = rows(session, "bur")
    model = session.folders.models / "made-by-hand"
    for name in ("names_text.npy", "names_postings.npy"):
        whole = (model / name).read_bytes()
        (model / name).write_bytes(whole[:-1] + b"\xff")
        session.reload()
        with pytest.raises(DamagedDataError, match=name):
            session.artists.search("bur")
        (model / name).write_bytes(whole)
    manifest = json.loads((model / "manifest.json").read_bytes())
    manifest["digests"] = {name: one for name, one in manifest["digests"].items() if "names_" not in name}
    (model / "manifest.json").write_text(json.dumps(manifest))
    session.reload()
    assert rows(session, "bur") == listed


def test_what_is_imported_later_is_found(session: Session) -> None:
    assert rows(session, "harbour") == []
    play(session.library.connection, "Harbour Lights", "Slow", 9)
    assert rows(session, "harbour")[0] == ("artist", "Harbour Lights", None)


def test_a_listen_taken_back_is_found_no_more_and_the_next_one_is(session: Session) -> None:
    for artist, other in (("Harbour Lights", "Quiet Vesper"), ("Quiet Vesper", "Harbour Lights")):
        heard = session.history.log_play(artist, "Slow", seconds=200, at=900)
        assert (rows(session, artist)[0], rows(session, other)) == (("artist", artist, None), [])
        assert heard.listen is not None
        session.history.remove_play(heard.listen)


def test_a_private_session_searches_the_same(session: Session, tmp_path) -> None:
    listed = rows(session, "buriel")
    session.set_private(True)
    assert rows(session, "buriel") == listed
