"""Who brings playlists alone is told no part of nothing: "0 of your 0 tracks", a percentage of no plays."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.session import Session
from engine.session.artists import Artists
from tests.support.commands import EVERY_COMMAND
from tests.support.driving import app_in, screen_text, settled
from tests.support.importing import write
from tests.support.models import ARTISTS, write_model
from tuiapp.cli.main import run
from tuiapp.comparing import in_words

OF_NOTHING = re.compile(r"\bof (your |the )?0\b(?! %)|\bnan\b|\bnone of your 0\b", re.IGNORECASE)
READS = (
    "artist", "browse", "community list", "compare", "doctor", "evaluate", "features list", "feedback",
    "library list", "mix", "playlist", "playlists", "playlists show", "recommend", "related", "stats", "taste",
    "taste drift", "taste map",
)  # fmt: skip


@pytest.fixture
def own(tmp_path: Path) -> Folders:
    folders = write_model(tmp_path / "data")
    with Session(folders) as session:
        rows = [f"{name},Song,160,200" for name in ARTISTS]
        session.packs.add(write(tmp_path, "tempos.csv", "\n".join(["artist,track,bpm,duration", *rows])))
        head = "Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity\n"
        lines = [f'spotify:track:{n},"Song","A","{name}",2020,200000,1' for n, name in enumerate(ARTISTS[:4])]
        session.history.import_paths([write(tmp_path, "Evening.csv", head + "\n".join(lines))])
    return folders


def test_no_command_says_a_part_of_nothing(own: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    for command in READS:
        given = [one.replace("Artist 05", ARTISTS[5]) for one in EVERY_COMMAND[command]]
        given = ["Evening" if one == "Song for the hill" else one for one in given]
        run(["--data-dir", str(own.root), *command.split(), *given])
        said = "".join(capsys.readouterr())
        assert not OF_NOTHING.search(said), (command, said)


async def test_an_artist_without_similar_ones_says_no_part_of_them(
    own: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    related = Artists.related
    monkeypatch.setattr(Artists, "related", lambda *of: replace(related(*of), items=()))
    app = app_in("related", own)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "No similar artists" in screen_text(app)
        assert not OF_NOTHING.search(screen_text(app))


def test_a_comparison_just_begun_says_that_nothing_was_shown(own: Folders) -> None:
    with Session(own) as session:
        session.comparisons.begin("fewer hits")
        standing = session.comparisons.standing()
    assert standing is not None
    assert "Neither has been shown yet" in in_words(standing)[1]


@pytest.mark.parametrize(
    "command", ["community list", "features list", "feedback", "playlists", "playlists show a"]
)
def test_a_list_of_nothing_is_said_to_be_one_and_has_no_heading(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    place = ["--data-dir", str(tmp_path / "data")]
    if "show" in command:
        assert run([*place, "playlists", "create", "A"]) == 0
        assert capsys.readouterr() == ("", "Created A.\n")
    assert run([*place, *command.split()]) == 0
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.startswith("No ")
