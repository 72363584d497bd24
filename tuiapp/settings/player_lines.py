"""Refuses player commands in which a name, which may come from anyone, could be executed.

Two rules. By form, of any program: a name is a word of its own, in an address, or the value of an option that takes
one. By program: those known to run an argument as code, to join their arguments for a shell, to type them into one, or
to start them as a program get none where they would. A program unknown here may still run what it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

_NAME = re.compile(r"\{(?:artist|track|query)\}")

# -- by form ---------------------------------------------------------------------------------------------------------

# With a scheme: `ytdl://ytsearch:{query}`, `spotify:search:{query}`, `title:{track}`. These run what is behind them.
_ADDRESS = re.compile(
    r"(?!(?:javascript|vbscript|data|exec|system|shell|cmd|ext):)[a-z][a-z0-9+.-]*:\S*?\{", re.IGNORECASE
)
# `--title={track}`, `--force-media-title={query}`.
_NAMING = re.compile(
    r"--(?:\w+-)*(?:title|artist|track|song|album|query|search|name|text|term|play|add|enqueue|queue|find|ur[li])s?=(.*)",
    re.IGNORECASE | re.DOTALL,
)
# Options whose next word many programs run, evaluate or load: `-c`, also among other letters, `--exec`, `-exec`.
_RUNS_THE_NEXT = re.compile(
    r"[-+][a-zA-Z]{0,2}[cCeExXS]|/[cCkK]|"
    r"(?!--?no-)--?[\w-]*(?:exec|execute|execdir|okdir|commands?|cmd|eval|run|scripts?|shell|rsh|pager|editor|hook|plugin|"
    r"source|include|expression|expr|load|config|init|options|opts|env|split-string|program)"
)

_ALONE = (
    "a name as a word of its own, in an address (ytdl://ytsearch:{query}) or after an option that takes one "
    "(--title={query}): anywhere else a program may run it"
)
_AS_A_PROGRAM = "a command that starts with a program, not with a name"


def _in_form(word: str) -> bool:
    """Whether the names in a word stand where a program takes them for text."""
    if (option := _NAMING.fullmatch(word)) is not None:
        word = option[1]
    return _NAME.match(word) is not None or _ADDRESS.match(word) is not None


# -- by program ------------------------------------------------------------------------------------------------------

_SHELL = re.compile(r"(?:ba|da|z|k|mk|c|tc|fi|a|ya|o)?sh|nu|xonsh|elvish", re.IGNORECASE)
# Programs that run code given by an option, or in a file that is named first.
_INTERPRETER = re.compile(
    r"python[\d.]*|pypy\d*|perl[\d.]*|ruby[\d.]*|node|nodejs|deno|bun|lua[\d.]*|luajit|php[\d.]*|osascript|[gmn]?awk|"
    r"emacs|emacsclient|g?vim|nvim|vi|ex|tclsh[\d.]*|wish[\d.]*|guile|julia|R|Rscript|gnuplot|octave|java|sed|gsed"
)
# Programs that join their arguments to a command line for a shell, here or elsewhere, type them into one, or take code
# in any argument.
_ANYWHERE = re.compile(
    r"ssh|slogin|rsh|mosh|autossh|dbclient|plink|watch|viddy|eval|trap|parallel|adb|cmd|pwsh|powershell|"
    r"tmux|screen|byobu|zellij|dtach|abduco|entr|expect|xdotool|wtype|ydotool|at|batch|crontab|su|script|"
    r"[gbp]?make|ninja|just|git|hg|socat|nix|nix-shell|ed|dc|bc|gdb|lldb|m4|sqlite3|psql|mysql|mariadb|"
    r"terminator|tilix|terminology|guake|sakura|roxterm|termite|"
    r"i3-msg|swaymsg|hyprctl|wsl|send-text|send-keys",
    re.IGNORECASE,
)
# Programs that start another: their options that take a word, and how many words of their own come before it.
_STARTS: dict[str, tuple[str, int]] = {
    "busybox": ("", 0), "catchsegv": ("", 0), "chroot": ("", 1), "chrt": ("TPD", 1), "command": ("", 0),
    "doas": ("uC", 0), "env": ("uC", 0), "exec": ("a", 0), "firejail": ("", 0), "flock": ("wE", 1),
    "gamemoderun": ("", 0), "gtk-launch": ("", 0), "ionice": ("cnpPu", 0), "nice": ("n", 0), "nohup": ("", 0),
    "pkexec": ("u", 0), "runuser": ("ugG", 0), "setarch": ("", 1), "setsid": ("", 0), "stdbuf": ("ioe", 0),
    "strace": ("aebIoOpPsSuUX", 0), "sudo": ("CDghprRtTuU", 0), "systemd-run": ("EHMpu", 0), "taskset": ("", 1),
    "time": ("fo", 0), "timeout": ("ks", 1), "toybox": ("", 0), "unbuffer": ("", 0), "unshare": ("GRSw", 0),
    "valgrind": ("", 0), "xargs": ("adEILnPs", 0), "xvfb-run": ("efnps", 0),
}  # fmt: skip
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)
# `-c` of a shell, also among other letters; `-e` and what else is a program's text.
_SCRIPT = re.compile(r"[-+][a-zA-Z]*c[a-zA-Z]*|--commands?")
_TEXT = re.compile(r"-[a-zA-Z]*[ceEprRBF]|-command|--(?:eval|exec|execute|run|print|command|source|file)")

_BY_A_SHELL = (
    "a command that gives the name to the shell as an argument: inside the shell's script it could run as a command. "
    "For example: sh -c 'mpv \"$1\"' sh {query}"
)
_IN_A_TEXT = (
    "a command that gives the name to a script as an argument, not inside the program text that PROGRAM runs"
)
_WITHOUT = (
    "a command without PROGRAM, which can run what it is given, so that a name could run as a command. To play on "
    "another machine, set its MPD (listen.mpd)"
)
_STARTED = "a command in which PROGRAM starts a program, which gets the name: a name could be a program's"
_BEHIND_AN_OPTION = (
    "a command without a name right behind PROGRAM, where many programs expect a command or code and would run it. "
    "For example: xterm -e mpv {query}"
)


def expected_instead(words: Sequence[str]) -> str:
    """The safe alternative to a command, by its words, in which a name could be executed; empty if none is known to
    be."""
    if words and _NAME.search(words[0]):
        return _AS_A_PROGRAM
    for at, word in enumerate(words):
        # `/usr/bin/env`, `sh.exe`, `--command=sh`
        program = re.split(r"[/\\]", word.removeprefix("--command="))[-1].removesuffix(".exe")
        behind = words[at + 1 :]
        for known, is_run, instead in _KNOWN:
            if known(program) and is_run(program, behind):
                return instead.replace("PROGRAM", program)
        if _SHELL.fullmatch(program) and any(map(_SCRIPT.fullmatch, behind)):
            # The rest are arguments of the shell's script.
            break
    for before, word in pairwise(words):
        if _NAME.search(word) and _RUNS_THE_NEXT.fullmatch(before):
            return _BEHIND_AN_OPTION.replace("PROGRAM", before)
    return "" if all(map(_in_form, filter(_NAME.search, words))) else _ALONE


def _in_a_script(_program: str, behind: Sequence[str]) -> bool:
    """Whether a name is in a shell's script: after it the shell takes arguments."""
    at = next((n for n, word in enumerate(behind) if _SCRIPT.fullmatch(word.partition("=")[0])), None)
    if at is None:
        return _is_the_first_word("", behind)
    script = behind[at + 1] if at + 1 < len(behind) else ""
    # An option here may take arguments: then it is unknown which word is the script.
    if script.startswith(("-", "+")):
        return _anywhere("", behind[at:])
    return any(map(_NAME.search, (behind[at], script)))


def _in_a_text(_program: str, behind: Sequence[str]) -> bool:
    """Whether a name is in a program's text, or names the file of the program."""
    for before, word in pairwise(("", *behind)):
        if _NAME.search(word) and (_TEXT.fullmatch(before) or re.match(r"-[a-zA-Z]", word)):
            return True
    return _is_the_first_word("", behind)


def _is_the_first_word(_program: str, behind: Sequence[str]) -> bool:
    first = next((word for word in behind if not word.startswith("-")), "")
    return _NAME.search(first) is not None


def _is_started(program: str, behind: Sequence[str]) -> bool:
    """Whether a name is the program that another starts, or is set in that one's environment."""
    takes, own = _STARTS[program]
    rest = iter(behind)
    for word in rest:
        if word == "--":
            continue
        if word.startswith("-"):
            if _NAME.search(word):
                return True
            # `-n 5`, `-nu music`; of a long option it is not known whether it takes a word.
            if "=" not in word if word.startswith("--") else word[-1] in takes:
                next(rest, "")
            continue
        if _ASSIGNMENT.fullmatch(word):
            if _NAME.search(word):
                return True
            continue
        if not own:
            return _NAME.search(word) is not None
        own -= 1
    return False


def _anywhere(_program: str, behind: Sequence[str]) -> bool:
    return any(map(_NAME.search, behind))


_KNOWN: tuple[tuple[Callable[[str], object], Callable[[str, Sequence[str]], bool], str], ...] = (
    (_SHELL.fullmatch, _in_a_script, _BY_A_SHELL),
    (_ANYWHERE.fullmatch, _anywhere, _WITHOUT),
    (_INTERPRETER.fullmatch, _in_a_text, _IN_A_TEXT),
    (_STARTS.__contains__, _is_started, _STARTED),
)
