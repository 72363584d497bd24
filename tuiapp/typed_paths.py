"""Paths as people type them and as terminals drop them: quoted, escaped, as `file://` addresses, several at once.

Behind those of an import may stand how to read it: what the command line has options for.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote

# What may stand behind the paths of an import, as `word=value`: the command line's option for it, a value it may have.
IMPORT_WORDS = {
    "zone": ("--zone", "Europe/Copenhagen"),
    "encoding": ("--encoding", "shift_jis"),
    "columns": ("--map", "artist=A,track=T,time=D"),
    "private": ("--keep-private", "keep"),
}
_OPTIONS = {option: word for word, (option, _) in IMPORT_WORDS.items()}
_BEHIND = rf"\s(?=(?:{'|'.join(IMPORT_WORDS)})=|(?:{'|'.join(_OPTIONS)})(?:[\s=]|$))"
_SAID = rf"(?P<option>{'|'.join(_OPTIONS)})\b(?: (?=NAME\b|[a-z]+=))?"


def with_options(text: str) -> tuple[str, list[str]]:
    """The paths of an import as typed, and what stands behind them, as the command line takes it. Its own options are
    understood, too.

    Raises ValueError, with what is expected, where these cannot be read.

    >>> with_options("my songs.csv zone=Europe/Rome private=keep")
    ('my songs.csv', ['--zone', 'Europe/Rome', '--keep-private'])
    """
    paths, *_ = re.split(_BEHIND, text, maxsplit=1)
    if paths == text or is_there(_path(text.strip())):
        return text, []
    try:
        words = shlex.split(text[len(paths) :])
    except ValueError:
        raise ValueError("A quotation mark is missing.") from None
    options: list[str] = []
    while words:
        name, given, value = words.pop(0).partition("=")
        word = _OPTIONS.get(name, name)
        if word not in IMPORT_WORDS:
            known = ", ".join(f"{one}=" for one in IMPORT_WORDS)
            raise ValueError(f"{name} is not known here. Use {known}.")
        option, example = IMPORT_WORDS[word]
        if name == "--keep-private" and not given:
            value = example
        elif not given and name == option and words and words[0].partition("=")[0] not in _BOTH:
            value = words.pop(0)
        if not value or (word == "private" and value != example):
            raise ValueError(f"{word}= needs a value, such as {word}={example}.")
        options += [option] if word == "private" else [option, value]
    return paths, options


_BOTH = {*IMPORT_WORDS, *_OPTIONS}


def as_typed_here(said: str) -> str:
    """What the engine says of an import, with what is typed behind the path in place of the command line's options.

    >>> as_typed_here("read as UTC; give the right one with --zone NAME")
    'read as UTC; give the right one with zone=NAME'
    """
    return re.sub(_SAID, lambda found: begun(_OPTIONS[found["option"]]), said)


def begun(word: str) -> str:
    """A word as it is typed, up to its value where that is to be chosen."""
    return "private=keep" if word == "private" else f"{word}="


def paths_in(text: str) -> list[Path]:
    r"""The paths a line holds. One that is there as it stands is that, whatever blanks and quotes are in its name.

    >>> paths_in(r"/no/my\ songs.csv 'file:///no/b%20c.zip'")
    [PosixPath('/no/my songs.csv'), PosixPath('/no/b c.zip')]
    >>> paths_in("/no/my songs.csv")
    [PosixPath('/no/my songs.csv')]
    """
    whole = _path(text.strip())
    if is_there(whole):
        return [whole]
    try:
        found = [_path(word) for word in shlex.split(text)]
    except ValueError:
        return [whole]
    dropped = any(sign in text for sign in ("'", '"', "\\", "file://"))
    return found if dropped or all(map(is_there, found)) else [whole]


def a_folder(path: Path) -> str:
    """What is wrong with a folder where a file is to be written."""
    return f"{path} is a folder. Add a file name."


def is_address(text: str) -> bool:
    """Whether what was typed is to be asked for on the network, and is not a path."""
    return text.lower().startswith(("http://", "https://"))


def lines_as_one(text: str) -> str:
    """Several lines, one path each, as one line that says the same."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(shlex.quote(line) if len(lines) > 1 and is_there(_path(line)) else line for line in lines)


def continued(text: str) -> str | None:
    """A typed path with the first name there that begins so; null where there is none, a folder ends with a slash."""
    folder, _, begun = text.rpartition("/")
    try:
        names = sorted(_names(_path(f"{folder}/") if "/" in text else Path(), begun))
    except (OSError, ValueError):  # it cannot be read, or is not a path
        return None
    return f"{text[: len(text) - len(begun)]}{names[0]}" if names else None


def _names(place: Path, begun: str) -> Iterable[str]:
    for entry in place.iterdir():
        hidden = entry.name.startswith(".") and not begun.startswith(".")
        if entry.name.casefold().startswith(begun.casefold()) and not hidden:
            yield f"{entry.name}/" if entry.is_dir() else entry.name


def _path(word: str) -> Path:
    if word.lower().startswith("file://"):
        # What stands before the path is the name of this machine, or nothing.
        word = unquote("/" + word[len("file://") :].partition("/")[2])
    try:
        return Path(word).expanduser()
    except RuntimeError:  # nobody of that name has a home here
        return Path(word)


def is_there(path: Path, what: Callable[[Path], bool] = Path.exists) -> bool:
    """Whether there is something at a path, or `what` is asked; not where it is too long, or holds what no name can."""
    try:
        return what(path)
    except (OSError, ValueError):
        return False
