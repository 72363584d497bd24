"""What no command takes: numbers that are none, one name where two belong, and nothing where a command does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import run


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["recommend", "--new", "nan"], "new nan is out of range: enter a number from 0 to 1."),
        (["playlist", "running", "--new", "nan"], "new nan is out of range: enter a number from 0 to 1."),
        (["recommend", "--variety", "nan"], "variety nan is out of range: enter a number from 0 to 1."),
        (["browse", "all artists", "--popularity", "nan"], "enter a number from -1 to 1."),
        (["played", "Artist A0", "Song", "--seconds", "nan"], "nan is not a number."),
        (["train", "--tune-seconds", "nan"], "nan is not a number."),
        (["import", "HERE", "--min-seconds", "nan"], "nan is not a number."),
    ],
)
def test_nan_is_refused_where_a_number_belongs(
    place: Path, capsys: pytest.CaptureFixture[str], line: list[str], said: str
) -> None:
    assert run(line) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["recommend", "-n", "many"], "“many” is not a whole number."),
        (["stats", "--year", "2024x"], "“2024x” is not a whole number."),
        (["recommend", "--new", "much"], "“much” is not a number."),
        (["recommend", "--new", "7"], "7.0 is out of range: enter a number from 0 to 1."),
        (["played", "A", "B", "--seconds", "0"], "out of range: enter a number above 0, at most 86400."),
        (["recommend", "-n", "0"], "0 is out of range: enter a number, 1 or more."),
        (["bogus"], "No such command “bogus”."),
    ],
)
def test_what_click_refuses_is_said_like_all_else(
    place: Path, capsys: pytest.CaptureFixture[str], line: list[str], said: str
) -> None:
    assert run(line) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert error.endswith(said)


def test_an_artists_name_without_quotes_is_no_artist_and_track(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for halves in (("Artist", "A0"), ("artist", "b27")):  # one's own, and one of the community's
        assert run(["played", *halves]) == 2
        assert f"“{' '.join(halves)}” is an artist: put the name in quotes" in capsys.readouterr().err
    for names in (("Artist A0", "B27"), ("Someone", "New")):
        assert run(["played", *names]) == 0


@pytest.mark.parametrize("group", ["backup", "community", "features", "library", "model"])
def test_a_group_without_a_command_shows_its_commands_a_line_each(
    place: Path, capsys: pytest.CaptureFixture[str], group: str
) -> None:
    assert run([group]) == 2
    without = capsys.readouterr().err
    assert run([group, "--help"]) == 0
    assert without.split() == capsys.readouterr().out.split()
    assert "\n\nCommands:\n" in without
