"""Parses paths as people type them and terminals paste them: quoted, escaped, as `file://` addresses, several at once.

An import's paths may be followed by options, as on the command line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote as url_quote
from urllib.parse import unquote

# Import options as `word=value`: the command line's option, and a possible value.
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
    """The typed paths of an import, and its options as for the command line, whose own form is accepted too.

    Raises ValueError, with what is expected, for invalid options.

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
    """The engine's message about an import, with options as typed after the path.

    >>> as_typed_here("read as UTC; give the right one with --zone NAME")
    'read as UTC; give the right one with zone=NAME'
    """
    return re.sub(_SAID, lambda found: begun(_OPTIONS[found["option"]]), said)


def begun(word: str) -> str:
    """An option as typed, up to its value if that is free."""
    return "private=keep" if word == "private" else f"{word}="


def paths_in(text: str) -> list[Path]:
    r"""The paths on a line. If the whole line is an existing path, it is that path.

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
    """Whether the text is a network address, not a path."""
    return text.lower().startswith(("http://", "https://"))


def lines_as_one(text: str) -> str:
    """Several lines, one path each, as one line that says the same."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(shlex.quote(line) if len(lines) > 1 and is_there(_path(line)) else line for line in lines)


def continued(text: str) -> str | None:
    r"""A typed path completed with the first matching name; null without one; a folder ends with a slash.

    If the line is not a path, its last word is completed, in its quotes, escapes or address form.
    """
    if (whole := _first_there(text)) is not None:
        return whole
    before, quote, word = _last_word(text)
    address = word.lower().startswith("file://")
    found = _first_there(str(_path(word)) + "/" * word.endswith("/") if address else word)
    if not word or found is None:
        return None
    if address:
        found = f"file://{url_quote(found)}"
    if quote == "'":
        found = found.replace("'", "'\\''")
    else:
        found = re.sub(r"""["\\]""" if quote else r"""[\s"'\\]""", r"\\\g<0>", found)
    line = f"{before}{quote}{found}{quote if not found.endswith('/') else ''}"
    return line if line.casefold().startswith(text.casefold()) else None


def _first_there(path: str) -> str | None:
    folder, _, begun = path.rpartition("/")
    try:
        names = sorted(_names(_path(f"{folder}/") if "/" in path else Path(), begun))
    except (OSError, ValueError):  # it cannot be read, or is not a path
        return None
    return f"{path[: len(path) - len(begun)]}{names[0]}" if names else None


def _last_word(text: str) -> tuple[str, str, str]:
    """The part before the last word of a line, its quotation mark or none, and its text so far."""
    start, word, quote, escaped = 0, "", "", False
    for place, sign in enumerate(text):
        if escaped or (sign not in "\\'\"" and (quote or not sign.isspace())):
            word, escaped = word + sign, False
        elif sign == "\\" and quote != "'":
            escaped = True
        elif sign == quote:
            quote = ""
        elif quote:
            word += sign
        elif sign.isspace():
            start, word = place + 1, ""
        else:
            quote = sign
    return text[:start], quote, word


def _names(place: Path, begun: str) -> Iterable[str]:
    for entry in place.iterdir():
        hidden = entry.name.startswith(".") and not begun.startswith(".")
        if entry.name.casefold().startswith(begun.casefold()) and not hidden:
            yield f"{entry.name}/" if entry.is_dir() else entry.name


def _path(word: str) -> Path:
    if word.lower().startswith("file://"):
        # The host is this machine, or empty.
        word = unquote("/" + word[len("file://") :].partition("/")[2])
    try:
        return Path(word).expanduser()
    except RuntimeError:  # no such user
        return Path(word)


def is_there(path: Path, what: Callable[[Path], bool] = Path.exists) -> bool:
    """Whether a path exists, or `what` holds for it; false for invalid paths."""
    try:
        return what(path)
    except (OSError, ValueError):
        return False
