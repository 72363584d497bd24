"""Names on the command line: of several words without quotes, and completed by the shell.

Completions are read from the library; without a readable one there are none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

from tuiapp.cli.group import Options

if TYPE_CHECKING:
    from engine.session import Session
    from tuiapp.settings.config import Config

Command = TypeVar("Command", bound=Callable[..., Any])
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
# As many as a shell shows without asking.
_MAX_NAMES = 50


class _Text(click.ParamType[str]):
    """Text for the library: arguments that are not UTF-8 are decoded like file names."""

    name = "text"

    def convert(self, value: Any, *_: Any) -> str:
        from engine.imports.walk import printable

        return printable(value)


TEXT = _Text()


def name_argument(
    name: str, complete: Complete, *, metavar: str = "NAME", required: bool = True
) -> Callable[[Command], Command]:
    """A command's only argument, a name: its words need no quotes."""
    return click.argument(
        name,
        nargs=-1,
        required=required,
        metavar=metavar,
        callback=lambda _context, _parameter, words: " ".join(words) or None,
        shell_complete=complete,
    )


def _completing(
    candidates: Callable[[Session, str], Iterable[str]],
    *,
    joined: bool = True,
    as_set: Callable[[Config], Iterable[str]] = lambda _: (),
) -> Complete:
    """Complete names from the library: `candidates` gets an open session and the typed text; first come names from the
    settings (`as_set`), which need no library.

    Several words of an argument are one name, unless `joined` is false.
    """

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from engine.errors import DiscoverError
        from tuiapp.settings.config import read

        options = context.find_object(Options)
        if options is None:
            return []
        before = (
            f"{words} "
            if joined and parameter.nargs == -1 and (words := context.params.get(parameter.name))
            else ""
        )
        typed = before + incomplete
        found = [*as_set(read(options.folders.config))]
        if options.folders.database.exists():
            with suppress(DiscoverError), replace(options, quiet=True).reading() as session:
                found += candidates(session, typed)
        names = dict.fromkeys(name for name in found if _begins(name, typed))
        return [CompletionItem(name[len(before) :]) for name in names][:_MAX_NAMES]

    return complete


def _begins(name: str, typed: str) -> bool:
    return name.casefold().startswith(typed.casefold()) and name.isprintable()


def _artists(session: Session, typed: str) -> Iterable[str]:
    if typed.strip():
        return (
            found.artist for found in session.artists.search(typed, 4 * _MAX_NAMES) if found.kind == "artist"
        )
    return (played.artist for played in session.history.stats().top_artists)


def _titles(session: Session, typed: str) -> Iterable[str]:
    if typed.strip():
        return (found.track for found in session.artists.search(typed, 4 * _MAX_NAMES) if found.track)
    return (played.track for played in session.history.stats().top_tracks if played.track)


def _lists(session: Session, typed: str) -> Iterable[str]:
    begun, of, name = typed.partition(":")
    return (f"{begun}:{artist}" for artist in _artists(session, name)) if of and begun == "related" else ()


artists = _completing(_artists)
titles = _completing(_titles)
lists = _completing(_lists, as_set=lambda _: ("discover", "less-known", "related:"))
each_artist = _completing(_artists, joined=False)
playlists = _completing(lambda session, _: (saved.name for saved in session.playlists.all()))
genres = _completing(lambda session, _: (node.name for node in session.browse.tree().nodes))
packs = _completing(lambda session, _: (pack.name for pack in session.packs.all()))
feature_packs = _completing(
    lambda session, _: (pack.name for pack in session.packs.all() if pack.kind == "features")
)

music_folders = _completing(lambda session, _: (folder.path for folder in session.music.folders()))


def _times_of_week(config: Config) -> Iterable[str]:
    from engine.taste.window import TIMES_OF_WEEK

    usual = (time.name for time in TIMES_OF_WEEK)
    return [*usual, *(name for name, context in config.contexts.items() if context.times is not None)]


contexts = _completing(lambda session, _: session.routines.contexts(), as_set=lambda config: config.contexts)
times_of_week = _completing(lambda session, _: session.routines.contexts(), as_set=_times_of_week)


def one_of(names: Iterable[str] | Callable[[], Iterable[str]]) -> Complete:
    """Complete names that need no library."""

    def complete(
        _context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [
            CompletionItem(name)
            for name in (names() if callable(names) else names)
            if _begins(name, incomplete)
        ]

    return complete


def _playlist_formats() -> Iterable[str]:
    from engine.playlists.files import FORMATS

    return FORMATS


def _import_formats() -> Iterable[str]:
    from engine.imports.registry import formats

    return (known.name for known in formats())


def _zones() -> Iterable[str]:
    import zoneinfo

    return sorted(zoneinfo.available_timezones())


def _encodings() -> Iterable[str]:
    from encodings.aliases import aliases

    from engine.imports.encoding import is_encoding

    return sorted(filter(is_encoding, set(aliases.values())))


def _players() -> Iterable[str]:
    from tuiapp.cli.players import HOW

    return HOW


def _rankings() -> Iterable[str]:
    from engine.recommend.rankings import RANKINGS

    return RANKINGS


def _settings() -> Iterable[str]:
    from tuiapp.settings.registry import SETTINGS

    return SETTINGS


rankings = one_of(_rankings)
playlist_formats, import_formats, settings = (
    one_of(_playlist_formats),
    one_of(_import_formats),
    one_of(_settings),
)
zones, encodings, players = one_of(_zones), one_of(_encodings), one_of(_players)


class _Bash(BashComplete):
    """Bash inserts a completion unchanged: blanks and quotes in a name are escaped here.

    Click's script would remove the backslashes, and expand a star in a name.
    """

    source_template = (
        BashComplete.source_template.replace("local response", "local response -; set -f")
        .replace("read type value", "read -r type value")
        .replace("($value)", '("$value")')
    )

    def format_completion(self, item: CompletionItem) -> str:
        """As click's, with special characters escaped for the word's quoting."""
        if item.type == "plain":
            match _open_quote(os.environ.get("COMP_WORDS", "")):
                case "'":
                    value = item.value.replace("'", r"'\''")
                case '"':
                    value = re.sub(r'(["\\$`])', r"\\\1", item.value)
                case _:
                    value = re.sub(r"([\s'\"\\$`&|;<>()*?\[\]{}!#~])", r"\\\1", item.value)
            item = CompletionItem(value, item.type)
        return super().format_completion(item)


def _open_quote(line: str) -> str:
    """The open quote on the line, which bash closes itself; empty for none."""
    quote, escaped = "", False
    for character in line:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
    return quote


add_completion_class(_Bash)
