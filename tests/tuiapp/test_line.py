"""The command line for hands: names without quotes, completed, found with a slip; output in any encoding; a manual."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from tests.support.commands import EVERY_COMMAND, document, every_command
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model
from tuiapp.cli.group import cli
from tuiapp.cli.main import run
from tuiapp.cli.names import TEXT

HARD = "Ðe Łäst 🎷 Bänd"
DAY = 86_400


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """A library with a name of two words, one no code page has room for, and a playlist."""
    folders = write_model(tmp_path / "data")
    connection = open_library(Door(folders))
    for artist in (*ARTISTS[:4], "The Beatles", HARD):
        play(connection, artist, f"A Song of {artist}", DAY, 2 * DAY, 2 * DAY + 900)
    connection.close()
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(folders.root))
    assert run(["playlists", "create", "Road Trip"]) == 0
    assert run(["playlists", "add", "Road Trip", HARD]) == 0
    return folders


# -- encodings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "latin-1", "ascii", "utf-8"])
def test_no_command_raises_for_what_an_encoding_lacks(place, encoding, monkeypatch, tmp_path, capsys) -> None:
    here = tmp_path / "lists.csv"
    here.write_text(f"playlist,artist,track,bpm\none,{HARD},Söng 🎷,120\n", encoding="utf-8")
    spoken = {
        "artist": [HARD],
        "search": ["song"],
        "related": [ARTISTS[0]],
        "like": [HARD],
        "block": [HARD],
        "hide": [HARD],
        "unblock": [HARD],
        "open": [HARD, "--print"],
        "played": [HARD, "Söng"],
        "playlists show": ["Road Trip"],
        "import": [str(here)],
        "features add": [str(here)],
        "community add": [str(here)],
        "taste exclude": ["--artist", HARD, "--dry-run"],
        "export": ["Road Trip", "--out", str(tmp_path / "Łist.csv")],
        "playlists create": ["Łist 🎷"],
        "forget": ["--artist", HARD, "--yes"],
    }
    left = {"demo", "train", "community fetch"}  # long, or by the network
    for name, arguments in sorted(EVERY_COMMAND.items(), key=lambda pair: pair[0] in ("block", "forget")):
        for extra in ([], ["--json"]):
            if name in left or (
                any(word in ("HERE", "ELSEWHERE") for word in arguments) and name not in spoken
            ):
                continue
            raw = io.BytesIO()
            stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
            with monkeypatch.context() as patched:
                patched.setattr(sys, "stdout", stream)
                code = run([*name.split(), *spoken.get(name, arguments), *extra])
            output = capsys.readouterr().err
            assert "Unexpected" not in output, (name, output)
            if extra and code == 0:
                json.loads(raw.getvalue().decode(encoding))


def test_json_is_whole_in_an_encoding_that_lacks_its_letters(place, monkeypatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp437", write_through=True))
    assert run(["playlists", "show", "Road Trip", "--json"]) == 0
    (track,) = json.loads(raw.getvalue().decode("cp437"))["playlists"][0]["tracks"]
    assert track["artist"] == HARD


def test_a_job_speaks_to_the_app_in_any_locale(place, tmp_path) -> None:
    file = tmp_path / "lists.csv"
    file.write_text("artist,track,bpm\nBürel,Söng,120\n", encoding="utf-8")
    named = tmp_path / "Łist 🎷.csv"
    file.rename(named)
    done = subprocess.run(
        [sys.executable, "-m", "engine.job", "--data-dir", str(place.root), "import", str(named)],
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["type"], "🎷" in json.dumps(last, ensure_ascii=False)) == ("done", True)


# -- names -------------------------------------------------------------------------------------------------


def test_an_artist_is_found_with_a_slip_as_search_finds_them_and_others_are_named(place, capsys) -> None:
    assert document(capsys, "search", "Beatels")["items"][0]["artist"] == "The Beatles"
    assert document(capsys, "artist", "Beatels")["artist"] == "The Beatles"
    assert run(["artist", "Beatels"]) == 0
    assert "No artist “Beatels” here; this is The Beatles." in capsys.readouterr().err
    # What changes something, or is a list of its own, does not guess: it says who may be meant.
    for command in ("like", "block", "related"):
        assert run([command, "Beatels"]) == 1
        assert "The Beatles" in capsys.readouterr().err
    assert run(["artist", "Qqqqzzzz"]) == 1


def test_names_need_no_quotes_where_they_are_all_a_command_takes(place, capsys) -> None:
    single = {
        name: command
        for name, command in every_command(cli)
        if [argument.type.name for argument in _arguments(command)] == ["text"] and name not in ("audit",)
    }
    assert {
        "artist",
        "related",
        "search",
        "like",
        "hide",
        "block",
        "unblock",
        "playlists show",
        "export",
        "playlists remove",
        "playlists create",
        "playlists continue",
        "community remove",
        "features remove",
    } <= single.keys()
    for name, command in single.items():
        if name not in ("backup restore", "community fetch", "config unset"):
            assert _arguments(command)[0].nargs == -1, name
    assert document(capsys, "artist", "the", "beatles")["artist"] == "The Beatles"
    assert document(capsys, "like", "The", "Beatles")["feedback"][0]["artist"] == "The Beatles"
    assert document(capsys, "playlists", "show", "Road", "Trip")["playlists"][0]["name"] == "Road Trip"


def test_where_two_names_are_given_it_is_said_that_they_need_quotes(place, capsys) -> None:
    assert run(["playlists", "add", "Road", "Trip", "The", "Beatles"]) == 2
    assert "Put a name of several words in quotes. A title goes after --track." in capsys.readouterr().err
    assert run(["playlists", "add", "Road Trip", "The Beatles", "Let It [Be]"]) == 2
    assert capsys.readouterr().err.endswith("(Let It [Be])\nA title goes after --track.\n")


def test_playlists_go_by_their_names_in_capitals_or_not(place, tmp_path, capsys) -> None:
    assert run(["playlists", "create", "ROAD TRIP"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert document(capsys, "playlists", "show", "road trip")["playlists"][0]["name"] == "Road Trip"
    assert (
        document(capsys, "playlists", "add", "ROAD trip", ARTISTS[0])["playlists"][0]["name"] == "Road Trip"
    )
    assert document(capsys, "export", "road trip", "--out", str(tmp_path / "a.csv"))["tracks"] == 2
    assert (
        document(capsys, "playlists", "rename", "road trip", "road TRIP")["playlists"][0]["name"]
        == "road TRIP"
    )
    assert document(capsys, "playlists", "remove", "Road Trip") == {"playlists": []}


def test_of_two_playlists_that_differ_by_capitals_alone_the_one_spelled_so_is_meant(place, capsys) -> None:
    # As two lists of a service may.
    connection = open_library(Door(place))
    with connection:
        connection.execute(
            "INSERT INTO playlists (name, context, settings, at) VALUES ('ROAD TRIP', '', '{}', 0)"
        )
    connection.close()
    for name, count in (("Road Trip", 1), ("ROAD TRIP", 0)):
        (found,) = document(capsys, "playlists", "show", name)["playlists"]
        assert (found["name"], len(found["tracks"])) == (name, count)
    left = document(capsys, "playlists", "remove", "ROAD TRIP")["playlists"]
    assert [(one["name"], one["tracks"]) for one in left] == [("Road Trip", 1)]


# -- completion --------------------------------------------------------------------------------------------


def completed(monkeypatch, capsys, line: str, shell: str = "zsh", at: int | None = None) -> list[str]:
    monkeypatch.setenv("_DISCOVER_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(line.count(" ") if at is None else at))
    capsys.readouterr()
    assert run([]) == 0
    monkeypatch.delenv("_DISCOVER_COMPLETE")
    out = capsys.readouterr().out.splitlines()
    return out[1::3] if shell == "zsh" else [line.partition(",")[2] for line in out]


def test_the_shell_completes_the_librarys_names(place, monkeypatch, capsys) -> None:
    assert completed(monkeypatch, capsys, "discover artist The") == ["The Beatles"]
    assert completed(monkeypatch, capsys, "discover artist the Bea") == ["Beatles"]
    assert completed(monkeypatch, capsys, "discover playlists show r") == ["Road Trip"]
    assert completed(monkeypatch, capsys, "discover playlists add R") == ["Road Trip"]
    assert completed(monkeypatch, capsys, "discover forget --artist Ðe") == [HARD]
    assert completed(monkeypatch, capsys, "discover export Road --format x") == ["xspf"]
    assert completed(monkeypatch, capsys, "discover recommend --context ev") == ["evening"]
    assert completed(monkeypatch, capsys, "discover playlist r") == ["running"]
    config = place.config
    config.write_text('[contexts."my run"]\nlike = "running"\nhours = ["07:00-08:00"]\n')
    assert completed(monkeypatch, capsys, "discover playlist my") == ["my run"]
    assert completed(monkeypatch, capsys, "discover recommend --context my") == ["my run"]
    config.unlink()
    assert completed(monkeypatch, capsys, "discover config set th") == ["theme"]
    assert HARD in completed(monkeypatch, capsys, "discover like ")
    line = 'discover export --list "related:the b"'
    assert completed(monkeypatch, capsys, line, at=3) == ["related:The Beatles"]


# Of these nothing known can be offered: addresses, dates, numbers, new names.
FREE = {
    *(
        "--url",
        "--user",
        "--name",
        "--map",
        "--sha256",
        "--master",
        "--parquet",
        "--before",
        "--since",
        "--until",
    ),
    *("--as-of", "--day", "--between", "--from", "--to", "--factors", "--source"),
    *("[COMMAND...]", "value", "positions", "position", "to", "new", "number"),
}


def options(command: click.Command, path: str = "discover") -> Iterator[tuple[str, click.Parameter]]:
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from options(one, f"{path} {name}")
    yield from ((path, one) for one in command.params)


def test_every_option_and_argument_that_has_known_values_completes_them(monkeypatch, capsys) -> None:
    free = [
        f"{path}: {one.opts[-1]}"
        for path, one in options(cli)
        if one._custom_shell_complete is None
        and isinstance(one.type, (type(click.STRING), type(TEXT)))
        and not FREE & {*one.opts, str(one.metavar)}
        and not (isinstance(one, click.Option) and one.is_flag)
    ]
    assert free == []
    for line, value in (
        ("import x --zone Europe/Cop", "Europe/Copenhagen"),
        ("import x --encoding shift_jis_", "shift_jis_2004"),
        ("listen --how navi", "navidrome"),
        ("community fetch te", "tempo"),
    ):
        assert value in completed(monkeypatch, capsys, f"discover {line}"), line
    # A codec that is not of text, which import refuses.
    assert completed(monkeypatch, capsys, "discover import x --encoding base64") == []


@pytest.mark.parametrize(
    ("begun", "put"),
    [
        ("b", r"Bob\ \"B\"\ O\'Neil\ \$4"),
        (r"bob\ ", r"Bob\ \"B\"\ O\'Neil\ \$4"),
        ('"bob ', r"""Bob \"B\" O'Neil \$4"""),
        (r'"bob \"', r"""Bob \"B\" O'Neil \$4"""),
        ("'bob ", r"""Bob "B" O'\''Neil $4"""),
    ],
)
def test_bash_gets_a_name_as_it_is_in_the_quotes_begun(place, begun, put, monkeypatch, capsys) -> None:
    assert run(["playlists", "create", """Bob "B" O'Neil $4"""]) == 0
    assert completed(monkeypatch, capsys, f"discover playlists show {begun}", "bash", at=3) == [put]


def test_completing_makes_no_library(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("DISCOVER_DATA_DIR", str(tmp_path / "none"))
    assert completed(monkeypatch, capsys, "discover artist The") == []
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="without bash there is nothing to complete in")
def test_bash_puts_a_name_of_several_words_on_the_line_as_one(place, monkeypatch, tmp_path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = bin_folder / "discover"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tuiapp "$@"\n')
    program.chmod(0o755)
    script = """
        eval "$(_DISCOVER_COMPLETE=bash_source discover)"
        COMP_WORDS=(discover forget --artist 'The\\ Bea'); COMP_CWORD=3
        _discover_completion discover
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}"},
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "The\\ Beatles\n", done.stderr


# -- the manual --------------------------------------------------------------------------------------------


def test_the_man_page_has_every_command_and_option_and_is_sound(capsys) -> None:
    assert run(["--man"]) == 0
    page = capsys.readouterr().out
    assert page.startswith(".TH DISCOVER 1")
    for name, command in every_command(cli):
        assert f".SS discover {name}".replace("-", "\\-") in page, name
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.opts[0].replace("-", "\\-") in page, (name, option.opts)
    assert "familiarity" not in page
    if shutil.which("groff"):
        read = subprocess.run(
            ["groff", "-man", "-ww", "-Tutf8", "-K", "utf8"],
            input=page,
            capture_output=True,
            text=True,
            check=True,
        )
        assert read.stderr == ""


def _arguments(command: click.Command) -> list[click.Argument]:
    return [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
