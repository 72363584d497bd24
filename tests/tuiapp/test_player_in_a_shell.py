"""A player that is a script gets names as arguments: a shell never reads one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.hostile import HOSTILE_WORDS
from tuiapp.app.player import command
from tuiapp.music import Music
from tuiapp.settings import checks, player_lines


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
        "mpv --no-config {query}",
        "mpv 'ytdl://ytsearch:{artist} {track}'",
        "mpv --force-media-title={track} ytdl://ytsearch:{query}",
        "mpv --profile=R {query}",
        "mplayer -title {track} ytsearch:{query}",
        "vlc --play-and-exit {query}",
        "env DISPLAY=:0 mpv {query}",
        "env -u DISPLAY mpv {query}",
        "xterm -e mpv {query}",
        "xterm -e mpv 'ytdl://ytsearch:{artist} {track}'",
        "foot mpv {query}",
        "flatpak run io.mpv.Mpv {query}",
        "nice -n 5 mpv {query}",
        "nohup nice mpv {query}",
        "timeout -k 5 3600 mpv {query}",
        "sudo -u music mpv {query}",
        "sudo --preserve-env -- mpv {query}",
        "setsid -f mpv {query}",
        "sh -c 'mpv \"$1\"' sh {query}",
        "sh -c 'mpv \"$1 $2\"' sh {artist} {track}",
        "bash -lc 'mpv \"$1\"' bash {query}",
        "bash ./play.sh {artist} {track}",
        "python3 play.py --title {query}",
        "osascript play.scpt {track}",
        "find /music -name {track} -exec mpv '{}' ;",
        "beet play artist:{artist} title:{track}",
        "playerctl open 'spotify:search:{query}'",
        "mpc searchadd any '{artist} - {track}'",
        "quodlibet --query={query}",
        "xdg-open 'https://www.example.org/?q={query}'",
    ],
)
def test_a_player_that_takes_a_name_as_an_argument_is_taken(template: str) -> None:
    assert checks.player(template) == template


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{query}", "starts with a program"),
        # One line, which a terminal splits or a shell runs.
        ("xterm -e 'mpv {query}'", "right behind -e"),
        ("x-terminal-emulator -e {query}", "right behind -e"),
        ("xfce4-terminal -x {query}", "right behind -x"),
        ("gnome-terminal --command='mpv {query}'", "a word of its own"),
        ("lxterminal --command {query}", "right behind --command"),
        ("kitty @ send-text {query}", "without send-text"),
        ("terminator -x mpv {query}", "without terminator"),
        ("tmux new-window 'mpv {query}'", "without tmux"),
        ("tmux new-window {query}", "without tmux"),
        ("tmux send-keys {query} Enter", "without tmux"),
        ("screen mpv {query}", "without screen"),
        ("i3-msg exec mpv {query}", "without i3-msg"),
        ("xdotool type {query}", "without xdotool"),
        # A shell's script.
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
        ("busybox sh -c 'mpv {query}'", "inside the shell's script"),
        ("find /music -exec sh -c 'mpv {query}' ;", "inside the shell's script"),
        # What runs or joins what it is given.
        ("su music -c 'mpv {query}'", "without su"),
        ("ssh host mpv {query}", "without ssh"),
        ("/usr/bin/ssh -t host mpv {artist} {track}", "without ssh"),
        ("watch mpv {query}", "without watch"),
        ("eval mpv {query}", "without eval"),
        ("cmd.exe /c start {query}", "without cmd"),
        ("git -c core.pager={query} log", "without git"),
        ("make X={query}", "without make"),
        ("at -c {query}", "without at"),
        ("at now {query}", "without at"),
        ("parallel mpv ::: {query}", "without parallel"),
        ("entr -s {query}", "without entr"),
        ("psql -c {query}", "without psql"),
        ("sqlite3 music.db {query}", "without sqlite3"),
        ("socat EXEC:{query} -", "without socat"),
        # A program's text, or the file of one.
        ("python3 -c 'play(\"{query}\")'", "program text that python3 runs"),
        ("perl -I lib -e'play q({query})'", "program text that perl runs"),
        ("awk {query}", "program text that awk runs"),
        ("awk -v x={query} {}", "program text that awk runs"),
        ("sed -e {query} list", "program text that sed runs"),
        ("vim +{query} list", "program text that vim runs"),
        (
            'osascript -e \'tell application "Music" to play track "{track}"\'',
            "program text that osascript runs",
        ),
        ("emacsclient --eval '(play \"{query}\")'", "program text that emacsclient runs"),
        # A program that another starts.
        ("env {query}", "env starts a program"),
        ("env -S 'mpv {query}'", "env starts a program"),
        ("env LESSOPEN={query} less list", "env starts a program"),
        ("nohup {query}", "nohup starts a program"),
        ("nice -n 5 {query}", "nice starts a program"),
        ("sudo -u music {query}", "sudo starts a program"),
        ("sudo --user music {query}", "sudo starts a program"),
        ("timeout 5 {query}", "timeout starts a program"),
        ("xargs -n 1 {query}", "xargs starts a program"),
        ("find /music -exec {query} ;", "right behind -exec"),
        # Of any program.
        ("player -c {query}", "right behind -c"),
        ("player -Ce{query}", "a word of its own"),
        ("player --exec {query}", "right behind --exec"),
        ("player --exec={query}", "a word of its own"),
        ("player X={query}", "a word of its own"),
        ("mpv --script={query}", "a word of its own"),
        ("mpv --ytdl-raw-options=default-search={query}", "a word of its own"),
        ("mpv '--title=x {query}'", "a word of its own"),
        ("player 'play {query}'", "a word of its own"),
        ("firefox 'javascript:{query}'", "a word of its own"),
        ("mpv /music/{artist}/{track}.flac", "a word of its own"),
    ],
)
def test_a_player_in_which_a_name_would_be_run_is_refused_with_the_reason(template: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        checks.player(template)


def test_what_is_given_as_an_example_is_taken() -> None:
    """What is said instead of a refused command, and in the README."""
    said = "".join(text for text in vars(player_lines).values() if isinstance(text, str))
    examples = re.findall(r"For example: (.*?\})", said)
    assert len(examples) == 2
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    examples += re.findall(r'player = "(.+?)"', readme)
    examples += re.findall(r"`(sh -c .+?)`", readme)
    assert len(examples) == 4
    for example in examples:
        assert checks.player(example) == example
