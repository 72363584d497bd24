"""The registry of settings: name, default, and check of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from engine import defaults
from tuiapp.settings import checks
from tuiapp.settings.actions import ACTIONS, EVERYWHERE, LISTS
from tuiapp.settings.keys import keys_named

# Textual's themes; a test compares them with Textual's list.
THEMES = (
    "ansi-dark", "ansi-light", "atom-one-dark", "atom-one-light", "catppuccin-frappe", "catppuccin-latte",
    "catppuccin-macchiato", "catppuccin-mocha", "dracula", "flexoki", "gruvbox", "monokai", "nord", "rose-pine",
    "rose-pine-dawn", "rose-pine-moon", "solarized-dark", "solarized-light", "textual-dark", "textual-light",
    "tokyo-night",
)  # fmt: skip
# Search pages for music: only the words searched for are sent, by the browser, when the key is pressed.
SERVICES = {
    "MusicBrainz": "https://musicbrainz.org/search?type=artist&query={query}",
    "Bandcamp": "https://bandcamp.com/search?q={query}",
    "YouTube": "https://www.youtube.com/results?search_query={query}",
    "Spotify": "https://open.spotify.com/search/{query}",
    "Last.fm": "https://www.last.fm/search?q={query}",
    "Discogs": "https://www.discogs.com/search/?q={query}",
}
# Which desktop players are watched.
_WATCHED = ("players", "with browsers", "off")
_ART = ("off", "kitty", "sixel", "auto")


class Setting(NamedTuple):
    """One setting.

    `check` returns the value as used, or raises ValueError with what is expected. `choices` are the values to pick
    from, empty if it is typed; `none` is the label of an unset value.
    """

    key: str
    title: str
    help: str
    default: Any
    check: Callable[[Any], Any]
    choices: tuple[str, ...] = ()
    none: str = "not set"

    def shown(self, value: Any) -> str:
        """A value for display."""
        return self.none if value is None or value == "" else str(value)

    def typed(self, text: str) -> Any:
        """The value of a typed line. Raises ValueError like `check`."""
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


_LOOKS = (
    Setting(
        "theme",
        "theme",
        "Colour theme.",
        "textual-dark",
        checks.one_of(THEMES, "the name of a theme"),
        THEMES,
    ),
)

_OPEN = (
    Setting(
        "open.service",
        "search site",
        "The site that opens in your browser: a service, or your own https address with {query}.",
        "MusicBrainz",
        checks.service(SERVICES),
        tuple(SERVICES),
    ),
    Setting(
        "open.player",
        "player",
        "The command that plays music instead of opening the browser, with {artist}, {track} or {query}. If it "
        "prints a line `played 183`, 183 seconds are logged as a play. It is stopped when you quit.",
        "",
        checks.player,
        none="none: use the browser",
    ),
    Setting(
        "open.files",
        "plays your files",
        "What plays your own files: mpv (without it, the MPD that is set), or MPD in any case.",
        "mpv",
        checks.one_of(("mpv", "MPD"), "mpv or MPD"),
        ("mpv", "MPD"),
    ),
    Setting(
        "open.without_file",
        "play without a file",
        "What mpv plays where you have no file: your own address with {query}, such as ytdl://ytsearch:{query} where "
        "yt-dlp is installed. mpv then connects to others, in a private session too.",
        "",
        checks.stream,
        none="nothing: use the browser",
    ),
    Setting(
        "open.art",
        "album art",
        "The cover of what plays, beside the queue, if the terminal reports that it shows it: with kitty's protocol, "
        "with sixels, or whichever it has (auto). From the file's tags or its folder; sixels, and covers other "
        "than small PNGs, need Pillow.",
        "off",
        checks.one_of(_ART, "off, kitty, sixel or auto"),
        _ART,
    ),
)

_LISTEN = (
    Setting(
        "listen.in_app",
        "listen while open",
        "While discover is open, it logs what your players play, as `discover listen` does. `discover listen --how` "
        "says how to set them.",
        "off",
        checks.one_of(("off", "on"), "on or off"),
        ("off", "on"),
    ),
    Setting(
        "listen.mpd",
        "MPD",
        "Where `discover listen` finds MPD, to log what it plays: host:port, the path of its socket, or off. "
        "Put a password before it, with an @. If it is set and mpv is missing, `o` plays with it.",
        "",
        checks.mpd,
        none="on this machine, where it usually is",
    ),
    Setting(
        "listen.mpris",
        "desktop players",
        "Whether `discover listen` logs what players of this desktop play (MPRIS, Linux), and browsers too.",
        "players",
        checks.one_of(_WATCHED, "players, with browsers, or off"),
        _WATCHED,
    ),
)

_PUSH = (
    Setting(
        "push.subsonic",
        "Subsonic server",
        "Where `discover push --to subsonic` finds Navidrome or another: an https address, or http on your own "
        "network.",
        "",
        checks.server,
    ),
    Setting(
        "push.jellyfin",
        "Jellyfin server",
        "Where `discover push --to jellyfin` finds Jellyfin: an https address, or http on your own network.",
        "",
        checks.server,
    ),
)

_DISCOVER = (
    Setting(
        "discover.known_plays",
        "known after (plays)",
        "Plays after which an artist counts as known.",
        defaults.KNOWN_PLAYS,
        checks.at_least(1, "a whole number", whole=True),
    ),
    Setting(
        "discover.known_days",
        "known within (days)",
        "Only plays in your last N days make an artist known.",
        defaults.KNOWN_DAYS,
        checks.at_least(0, "a number of days", above=True),
        none="any time",
    ),
    Setting(
        "discover.half_life",
        "half-life (days)",
        "A play's weight halves for every N days before your latest play; 0: all count the same.",
        defaults.HALF_LIFE,
        checks.at_least(0, "a number of days"),
        none="what measured best",
    ),
    Setting(
        "discover.from_library",
        "only what you have",
        "Recommend, mix and make playlists only from music you have: the files in your folders or, without any,"
        " what you played or kept.",
        "no",
        checks.one_of(("no", "yes"), "yes or no"),
        ("no", "yes"),
    ),
)

_DOWNLOAD = (
    Setting(
        "download.contact",
        "contact for downloads",
        "A page or mail address of yours that is sent to whoever hosts a download, so that they can write to you.",
        "",
        checks.contact,
        none="none: nobody is named",
    ),
)


def _keys_of_actions() -> Iterator[Setting]:
    where = {EVERYWHERE: "everywhere", LISTS: "in lists"}
    for action in ACTIONS:
        place = where.get(action.scope, f"in {action.scope.title()}")
        label = f"go to {action.label}" if action.name.startswith("view_") else action.label
        yield Setting(
            f"keys.{action.name}", f"{label}, {place}", action.help, action.keys, _keys, none="no key"
        )


# In the order in which they are shown.
SETTINGS: Mapping[str, Setting] = {
    setting.key: setting
    for setting in (*_LOOKS, *_OPEN, *_LISTEN, *_PUSH, *_DISCOVER, *_DOWNLOAD, *_keys_of_actions())
}
