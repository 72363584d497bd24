"""The settings: which there are, what each may be, and what the file says. Reading is quick and never fails.

The file is TOML, written by the person or by `tuiapp.settings.config_file`. A setting is named `open.service`, and may
stand under a heading or with a dotted name. What cannot be used is left out with a sentence, and the default holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine import defaults
from tuiapp.settings import checks
from tuiapp.settings.actions import ACTIONS, EVERYWHERE, LISTS
from tuiapp.settings.keys import BY_NAME, RENAMED, Keymap, keys_named

if TYPE_CHECKING:
    from engine.playlists.contexts import Context
    from engine.recommend.settings import DiscoverSettings

# Textual's own; a test holds them beside those it has.
THEMES = (
    "ansi-dark", "ansi-light", "atom-one-dark", "atom-one-light", "catppuccin-frappe", "catppuccin-latte",
    "catppuccin-macchiato", "catppuccin-mocha", "dracula", "flexoki", "gruvbox", "monokai", "nord", "rose-pine",
    "rose-pine-dawn", "rose-pine-moon", "solarized-dark", "solarized-light", "textual-dark", "textual-light",
    "tokyo-night",
)  # fmt: skip
# Where music is looked up: nothing but the words searched for is sent, by the browser, when the key is pressed.
SERVICES = {
    "MusicBrainz": "https://musicbrainz.org/search?type=artist&query={query}",
    "Bandcamp": "https://bandcamp.com/search?q={query}",
    "YouTube": "https://www.youtube.com/results?search_query={query}",
    "Spotify": "https://open.spotify.com/search/{query}",
    "Last.fm": "https://www.last.fm/search?q={query}",
    "Discogs": "https://www.discogs.com/search/?q={query}",
}
# Of the desktop, what is watched.
_WATCHED = ("players", "with browsers", "off")
_MAX_BYTES = 1 << 20
# Settings of contexts begin so: any number of them may be set.
_CONTEXTS = "contexts."


class Setting(NamedTuple):
    """One setting. `check` gives a value as it is used, or raises ValueError with what is expected instead.

    `choices` are the values to pick from, empty where it is typed; `none` is what a value that is not set is called.
    """

    key: str
    title: str
    help: str
    default: Any
    check: Callable[[Any], Any]
    choices: tuple[str, ...] = ()
    none: str = "not set"

    def shown(self, value: Any) -> str:
        """A value as people read it."""
        return self.none if value is None or value == "" else str(value)

    def typed(self, text: str) -> Any:
        """The value that a line of text means. Raises ValueError like `check`."""
        return self.check(_number(text) if isinstance(self.default, int | float | None) else text)


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _keys(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("one or more keys, such as “x” or “x,ctrl+y”")
    return keys_named(value)


def _settings() -> Iterator[Setting]:
    yield Setting(
        "theme",
        "theme",
        "Colour theme.",
        "textual-dark",
        checks.one_of(THEMES, "the name of a theme"),
        THEMES,
    )
    yield Setting(
        "open.service",
        "search site",
        "The site that opens in your browser: a service, or your own https address with {query}.",
        "MusicBrainz",
        checks.service(SERVICES),
        tuple(SERVICES),
    )
    yield Setting(
        "open.player",
        "player",
        "The command that plays music instead of opening the browser, with {artist}, {track} or {query}. Where it "
        "prints a line `played 183`, 183 seconds are logged as a play. It is stopped when you quit.",
        "",
        checks.player,
        none="none: use the browser",
    )
    yield Setting(
        "open.files",
        "plays your files",
        "What plays your own files: mpv (without it, the MPD that is set), or MPD in any case.",
        "mpv",
        checks.one_of(("mpv", "MPD"), "mpv or MPD"),
        ("mpv", "MPD"),
    )
    yield Setting(
        "open.without_file",
        "play without a file",
        "What mpv plays where you have no file: your own address with {query}, such as ytdl://ytsearch:{query} where "
        "yt-dlp is installed. mpv then connects to others, in a private session too.",
        "",
        checks.stream,
        none="nothing: use the browser",
    )
    yield Setting(
        "listen.in_app",
        "listen while open",
        "While discover is open, it logs what your players play, as `discover listen` does. `discover listen --how` "
        "says how to set them.",
        "off",
        checks.one_of(("off", "on"), "on or off"),
        ("off", "on"),
    )
    yield Setting(
        "listen.mpd",
        "MPD",
        "Where `discover listen` finds MPD, to log what it plays: host:port, the path of its socket, or off. A "
        "password stands before it, with an @. Where it is set and mpv is missing, `o` plays with it.",
        "",
        checks.mpd,
        none="on this machine, where it usually is",
    )
    yield Setting(
        "listen.mpris",
        "desktop players",
        "Whether `discover listen` logs what players of this desktop play (MPRIS, Linux), and browsers too.",
        "players",
        checks.one_of(_WATCHED, "players, with browsers, or off"),
        _WATCHED,
    )
    yield Setting(
        "push.subsonic",
        "Subsonic server",
        "Where `discover push --to subsonic` finds Navidrome or another: an https address, or http on a network of "
        "your own.",
        "",
        checks.server,
    )
    yield Setting(
        "push.jellyfin",
        "Jellyfin server",
        "Where `discover push --to jellyfin` finds Jellyfin: an https address, or http on a network of your own.",
        "",
        checks.server,
    )
    yield Setting(
        "discover.known_plays",
        "known after (plays)",
        "Plays after which an artist counts as known.",
        defaults.KNOWN_PLAYS,
        checks.at_least(1, "a whole number", whole=True),
    )
    yield Setting(
        "discover.known_days",
        "known within (days)",
        "Only plays in your last N days make an artist known.",
        defaults.KNOWN_DAYS,
        checks.at_least(0, "a number of days", above=True),
        none="any time",
    )
    yield Setting(
        "discover.half_life",
        "half-life (days)",
        "A play's weight halves for every N days before your latest play; 0: all count the same.",
        defaults.HALF_LIFE,
        checks.at_least(0, "a number of days"),
        none="what measured best",
    )
    yield Setting(
        "discover.from_library",
        "only what you have",
        "Recommend, mix and make playlists of music you have alone: the files of your folders, or without any what "
        "you played or kept.",
        "no",
        checks.one_of(("no", "yes"), "yes or no"),
        ("no", "yes"),
    )
    yield Setting(
        "download.contact",
        "contact for downloads",
        "A page or mail address of yours that is sent to whoever hosts a download, so that they can write to you.",
        "",
        checks.contact,
        none="none: nobody is named",
    )
    where = {EVERYWHERE: "everywhere", LISTS: "in lists"}
    for action in ACTIONS:
        place = where.get(action.scope, f"in {action.scope.title()}")
        label = f"go to {action.label}" if action.name.startswith("view_") else action.label
        yield Setting(f"keys.{action.name}", f"{label}, {place}", action.help, action.keys, _keys)


SETTINGS: Mapping[str, Setting] = {setting.key: setting for setting in _settings()}


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says, as far as it can be used, and a sentence for each thing that cannot."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Any:
        """The value in use."""
        return self.values.get(key, setting_named(key).default)

    def where(self, key: str) -> str:
        """Where that value is from: `file` or `default`."""
        return "file" if key in self.values else "default"

    @property
    def contexts(self) -> dict[str, Context]:
        """The contexts playlists are made for, the person's own among them, by name."""
        return _contexts(self.values)[0]

    @property
    def keymap(self) -> Keymap:
        """The keys given to actions."""
        return Keymap(
            {
                key.removeprefix("keys."): value
                for key, value in self.values.items()
                if key.startswith("keys.")
            }
        )

    def with_values(self, changes: Mapping[str, Any]) -> Config:
        """The same with other values, or with None the defaults.

        Raises ValueError with what is expected, also for a key that does something else already, and for a context
        that makes no list.
        """
        values = {name: old for name, old in self.values.items() if name not in changes}
        for key, value in changes.items():
            if value is not None:
                values[key] = _used(setting_named(key), value)
        changed = Config(values, self.problems)
        for name, pressed, other in changed.keymap.clashes():
            raise ValueError(f"keys.{name} cannot be {pressed}: used by {other}")
        for name, why in _wrong_contexts(values).items():
            raise ValueError(f"contexts.{name} cannot be so: {why}")
        return changed

    @property
    def discover(self) -> dict[str, Any]:
        """What Discover is asked where nothing else is said, by the names of `DiscoverSettings`."""
        given = {name: self[f"discover.{name}"] for name in ("known_plays", "known_days", "half_life")}
        return given | {"from_library": self["discover.from_library"] == "yes"}

    def for_discover(self, settings: DiscoverSettings) -> DiscoverSettings:
        """What Discover is asked by the dials, which know nothing of what counts as known."""
        from dataclasses import replace

        given = self.discover
        if settings.half_life is not None:
            given["half_life"] = settings.half_life
        return replace(settings, **given)


def _used(setting: Setting, value: Any) -> Any:
    try:
        return setting.check(value)
    except ValueError as error:
        raise ValueError(f"{setting.key} is {_found(value)}; expected {error}") from None


def _found(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _contexts(values: Mapping[str, Any]) -> tuple[dict[str, Context], dict[str, str]]:
    """The contexts as set, by name, and why others make no list."""
    from engine.playlists.own_contexts import contexts_with

    own = {key.removeprefix(_CONTEXTS): value for key, value in values.items() if key.startswith(_CONTEXTS)}
    return contexts_with(own)


def _wrong_contexts(values: Mapping[str, Any]) -> dict[str, str]:
    return _contexts(values)[1] if any(key.startswith(_CONTEXTS) for key in values) else {}


def setting_named(name: str) -> Setting:
    """The setting of that name. Raises ValueError with the nearest names."""
    if name.startswith(_CONTEXTS):
        from engine.playlists.own_contexts import field_of

        check, words = field_of(name.removeprefix(_CONTEXTS))
        return Setting(name, name.removeprefix(_CONTEXTS), words, None, check)
    found = SETTINGS.get(name)
    if found is None:
        from engine.canonical_keys import nearest

        close = nearest(name, _nearby(name), 2)
        raise ValueError(
            f"{name}: unknown setting" + (f"; did you mean {' or '.join(close)}?" if close else "")
        )
    return found


@cache
def _names(keys: bool) -> tuple[str, ...]:
    return tuple(name for name in SETTINGS if name.startswith("keys.") == keys)


def _nearby(name: str) -> tuple[str, ...]:
    return _names(True) if name.startswith("keys.") else (*_names(False), "keys")


def read(path: Path) -> Config:
    """The settings of a file; without one, the defaults. Never raises: what is wrong is said in `problems`."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return Config(problems=(f"{path} is larger than {_MAX_BYTES >> 20} MB: ignored.",))
        content = path.read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        return Config(problems=(f"{path} cannot be read ({error.strerror}): ignored.",))
    import tomllib  # most people have no such file, and the first paint does not wait for its reader

    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:200] if isinstance(error, ValueError) else "nested too deeply"
        return Config(problems=(f"{path} is not valid TOML ({why}): ignored.",))
    return read_document(document, str(path))


def read_document(document: Mapping[str, Any], file: str) -> Config:
    """The settings of a parsed document; `file` is what problems call it."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in _flat(document):
        try:
            setting = setting_named(RENAMED.get(key, key))
            used = _used(setting, value)
            if key in RENAMED:
                values.setdefault(setting.key, used)
            else:
                values[setting.key] = used
        except ValueError as error:
            problems.append(f"{file}: {error}{'' if str(error).endswith('?') else '.'} Ignored.")
    config = Config(values)
    while clash := next(config.keymap.clashes(), None):
        name, pressed, other = clash
        del values[f"keys.{name}"]
        problems.append(
            f"{file}: keys.{name} is {pressed}, already used by {other}; expected a free key. Still "
            f"{Keymap().labels(BY_NAME[name])}."
        )
    for name, why in _wrong_contexts(values).items():
        values = {key: value for key, value in values.items() if not key.startswith(f"{_CONTEXTS}{name}.")}
        problems.append(f"{file}: contexts.{name}: {why} Ignored.")
    return Config(values, tuple(problems))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of everything in a document; a table with a setting's name is that setting's value, and an
    empty one of a context what there is of it."""
    for name, value in table.items():
        key = before + name
        table_of_more = isinstance(value, Mapping) and (value or before != _CONTEXTS)
        if table_of_more and key not in SETTINGS and before.count(".") < 8:
            yield from _flat(value, f"{key}.")
        else:
            yield key, value
