"""Detects unsafe player commands, in which a name could be executed: inside text that a shell or another program runs,
or as the program.

Programs known to join their arguments for a shell, or to run one of them as a command line, are listed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NAME = re.compile(r"\{(?:artist|track|query)\}")
_SHELL = re.compile(r"(?:ba|da|z|k|mk|c|tc|fi|a|ya|o)?sh|nu", re.IGNORECASE)
# Programs that join their arguments to a shell command, here or on another machine.
_TOGETHER = re.compile(
    r"ssh|slogin|rsh|mosh|autossh|dbclient|plink|watch|eval|parallel|adb|cmd|pwsh|powershell", re.IGNORECASE
)
# Programs that run code given by an option.
_INTERPRETER = re.compile(
    r"python[\d.]*|pypy\d*|perl|ruby|node|deno|bun|lua[\d.]*|luajit|php|osascript|[gmn]?awk|emacs|emacsclient|g?vim|nvim|"
    r"tclsh|wish|guile|julia|R|Rscript"
)
# Programs that take a command line as one argument: terminals, and wrappers such as su.
_TAKES_A_LINE = re.compile(
    r"[a-z0-9.-]*term(?:inal)?(?:-emulator|64)?|u?rxvt[a-z]*|konsole|terminator|tilix|kitty|alacritty|foot|st|"
    r"su|runuser|script|flock|nix-shell",
    re.IGNORECASE,
)
_SPLITS = re.compile(r"tmux|screen|dtach|abduco|zellij|entr")
# `-c`, also among other letters, `/c` of Windows; `-e` and what else is a program's text; a line.
_SCRIPT = re.compile(r"[-+][a-zA-Z]*c[a-zA-Z]*|--commands?|/[cC]")
_TEXT = re.compile(r"-[a-zA-Z]*[ceEprR]|-command|--(?:eval|exec|execute|run|print|command|source)")
_LINE = re.compile(r"-[a-zA-Z]*[excX]|--?(?:command|execute|exec|run)")

_BY_A_SHELL = (
    "a command that gives the name to the shell as an argument: inside the shell's script it could run as a command. "
    "For example: sh -c 'mpv \"$1\"' sh {query}"
)
_BY_TOGETHER = (
    "a command without {program}, which joins its arguments into one line for a shell, where a name could run as a "
    "command. To play on another machine, set its MPD (listen.mpd)"
)
_IN_A_TEXT = "a command that gives the name to a script as an argument, not inside the program text that {program} runs"
_IN_A_LINE = (
    "a command that gives {program} each word as its own argument, not one line that it splits or hands to a shell. "
    "For example: xterm -e mpv {{query}}"
)
_AS_A_PROGRAM = "a command that starts with a program, not with a name"


def expected_instead(words: list[str]) -> str:
    """The safe alternative to a command, by its words, in which a name would be executed; empty if it is safe."""
    if words and _NAME.search(words[0]):
        return _AS_A_PROGRAM
    for at, word in enumerate(words):
        # `/usr/bin/env`, `sh.exe`, `--command=sh`
        program = re.split(r"[/\\]", word.removeprefix("--command="))[-1].removesuffix(".exe")
        behind = words[at + 1 :]
        for known, is_run, instead in _KNOWN:
            if not known.fullmatch(program):
                continue
            if known is _SHELL and not is_run(behind) and any(map(_SCRIPT.fullmatch, behind)):
                # The rest are the script's arguments.
                return ""
            if is_run(behind):
                return instead.replace("{program}", program).replace("{{", "{").replace("}}", "}")
    return ""


def _in_a_script(behind: list[str]) -> bool:
    """Whether a name is in a shell's script: after it the shell takes arguments."""
    at = next((n for n, word in enumerate(behind) if _SCRIPT.fullmatch(word.partition("=")[0])), None)
    if at is None:
        return _is_the_first_word(behind)
    script = behind[at + 1] if at + 1 < len(behind) else ""
    # An option here may take arguments: then it is unknown which word is the script.
    if script.startswith(("-", "+")):
        return _anywhere(behind[at:])
    return any(map(_NAME.search, (behind[at], script)))


def _in_a_text(behind: list[str]) -> bool:
    for word, before in zip(behind, ["", *behind], strict=False):
        if _NAME.search(word) and (
            _TEXT.fullmatch(before) or _TEXT.fullmatch(word.partition("=")[0]) or re.match(r"-[a-zA-Z]", word)
        ):
            return True
    return _is_the_first_word(behind)


def _in_a_line(behind: list[str]) -> bool:
    for word, before in zip(behind, ["", *behind], strict=False):
        if _NAME.search(word) and (_LINE.fullmatch(before) or _LINE.fullmatch(word.partition("=")[0])):
            return True
    return False


def _in_a_word_of_several(behind: list[str]) -> bool:
    return any(" " in word and _NAME.search(word) for word in behind)


def _in_what_env_splits(behind: list[str]) -> bool:
    for word, before in zip(behind, ["", *behind], strict=False):
        if _NAME.search(word) and (
            re.match(r"-\w*S|--split-string", word) or re.fullmatch(r"-\w*S|--split-string", before)
        ):
            return True
    return False


def _is_the_first_word(behind: list[str]) -> bool:
    """Whether a name is the program that is run."""
    first = next((word for word in behind if not word.startswith("-")), "")
    return _NAME.search(first) is not None


def _anywhere(behind: list[str]) -> bool:
    return any(map(_NAME.search, behind))


_KNOWN: tuple[tuple[re.Pattern[str], Callable[[list[str]], bool], str], ...] = (
    (_SHELL, _in_a_script, _BY_A_SHELL),
    (_TOGETHER, _anywhere, _BY_TOGETHER),
    (_INTERPRETER, _in_a_text, _IN_A_TEXT),
    (_TAKES_A_LINE, _in_a_line, _IN_A_LINE),
    (_SPLITS, _in_a_word_of_several, _IN_A_LINE),
    (re.compile("env"), _in_what_env_splits, _IN_A_LINE),
)
