"""A player that is a script gets names as arguments: a shell never reads one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.hostile import HOSTILE_WORDS
from tuiapp.app.player import command
from tuiapp.music import Music
from tuiapp.settings import checks


@pytest.mark.parametrize("name", [*HOSTILE_WORDS, "'; touch owned; '", "-c touch owned", "$(touch owned)"])
def test_a_shell_gets_a_name_as_an_argument_alone(tmp_path: Path, name: str) -> None:
    template = checks.player("sh -c 'printf %s \"$1\"' sh {query}")
    said = subprocess.run(
        command(template, Music(name)), capture_output=True, check=True, cwd=tmp_path
    ).stdout
    assert said.decode() == command("{query}", Music(name))[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "template",
    [
        "mpv --no-video {query}",
        "mpv 'ytdl://ytsearch:{artist} {track}'",
        "env DISPLAY=:0 mpv {query}",
        "xterm -e mpv {query}",
        "xterm -e mpv 'ytdl://ytsearch:{artist} {track}'",
        "flatpak run io.mpv.Mpv {query}",
        "nice -n 5 mpv {query}",
        "mpv --profile=R {query}",
        "sh -c 'mpv \"$1\"' sh {query}",
        "bash -lc 'mpv \"$1\"' bash {query}",
        "bash ./play.sh {artist} {track}",
        "python3 play.py --title {query}",
        "osascript play.scpt {track}",
        "sudo -u music mpv {query}",
        "foot mpv {query}",
    ],
)
def test_a_player_that_takes_a_name_as_an_argument_is_taken(template: str) -> None:
    assert checks.player(template) == template


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{query}", "starts with a program"),
        ("xterm -e 'mpv {query}'", "gives xterm"),
        ("x-terminal-emulator -e {query}", "gives x-terminal-emulator"),
        ("gnome-terminal --command='mpv {query}'", "gives gnome-terminal"),
        ("tmux new-window 'mpv {query}'", "gives tmux"),
        ("env -S 'mpv {query}'", "gives env"),
        ("su music -c 'mpv {query}'", "gives su"),
        ("sh -c 'mpv {query}'", "inside the shell's script"),
        ("bash -lc 'mpv {query}'", "inside the shell's script"),
        ("bash -cl 'mpv {query}'", "inside the shell's script"),
        ("bash -c -- 'mpv {query}'", "inside the shell's script"),
        ("bash -o pipefail -c 'mpv {query}'", "inside the shell's script"),
        ("bash -c -o pipefail 'mpv {query}'", "inside the shell's script"),
        ("fish --command='mpv {query}'", "inside the shell's script"),
        ("sh {query}", "inside the shell's script"),
        ("nice env A=1 /bin/sh -c 'mpv {query}'", "inside the shell's script"),
        ("flatpak run --command=sh io.mpv.Mpv -c 'mpv {query}'", "inside the shell's script"),
        ("docker exec music sh -c 'mpv {query}'", "inside the shell's script"),
        ("ssh host mpv {query}", "without ssh"),
        ("/usr/bin/ssh -t host mpv {artist} {track}", "without ssh"),
        ("watch mpv {query}", "without watch"),
        ("cmd.exe /c start {query}", "without cmd"),
        ("python3 -c 'play(\"{query}\")'", "program text that python3 runs"),
        ("perl -I lib -e'play q({query})'", "program text that perl runs"),
        (
            'osascript -e \'tell application "Music" to play track "{track}"\'',
            "program text that osascript runs",
        ),
        ("emacsclient --eval '(play \"{query}\")'", "program text that emacsclient runs"),
    ],
)
def test_a_player_in_which_a_name_would_be_run_is_refused_with_the_reason(template: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        checks.player(template)
