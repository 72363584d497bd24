"""What the app says in longer texts: help for a view, the first steps, an import's report."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from textual.content import Content

from tuiapp.cli.output import files_in_words
from tuiapp.safe import shown
from tuiapp.settings.actions import EVERYWHERE, LISTS, VIEWS, scope_of
from tuiapp.settings.keys import Keymap

if TYPE_CHECKING:
    from engine.session import Status

# Every action with its own keys.
_OWN = Keymap()


# Service, how to get one's history out of it, how long that takes: the README's table in short.
EXPORTS = (
    ("Spotify", "Account › Privacy › Download your data › Extended streaming history", "1 to 30 days"),
    ("YouTube Music", "Google Takeout › YouTube and YouTube Music › history, as JSON", "hours to 2 days"),
    ("Apple Music", "privacy.apple.com › Request a copy › Apple Media Services", "up to 7 days"),
    ("Last.fm, Libre.fm", "an exporter such as lastfm-to-csv or lastfmstats", "minutes"),
    ("ListenBrainz", "Settings › Export data", "minutes to hours"),
    ("Deezer", "Account › Personal data (xlsx)", "days"),
    ("Tidal", "a data request to support; streaming.csv in it", "days"),
    ("iTunes, Music", "File › Library › Export Library (play counts)", "at once"),
    ("Rhythmbox, Strawberry", "rhythmdb.xml, strawberry.db; clementine.db of Clementine", "at once"),
    ("Navidrome, Jellyfin", "navidrome.db, playback_reporting.db; tautulli.db of Plex", "at once"),
    ("Spinitron, radio logs", "the spins of a show as CSV", "at once"),
    ("Rockbox, iPod", ".scrobbler.log in the root of the player", "at once"),
    ("Maloja, Koito", "their own export; Pano Scrobbler and multi-scrobbler too", "at once"),
    ("Exportify", "Export on its page: playlists and tempo", "at once"),
    ("anything else", "CSV or JSON lines with artist, track and time", ""),
)


def how_to_export() -> str:
    """Every service, how to get one's history and how long it takes, as lines of at most 64 cells."""
    indent = 23
    lines = [
        _hanging(f"{how} ({wait})" if wait else how, indent, f"{service:<{indent}}", 64)
        for service, how, wait in EXPORTS
    ]
    return "Files, folders and archives; the format is found by content.\n\n" + "".join(lines)


def community_offers() -> str:
    """What can be downloaded, by name: only the command line does, and asks first."""
    from engine.community.fetch import KNOWN

    names = "".join(f"\n  discover community fetch {name}   {terms}" for name, (_, terms) in KNOWN.items())
    return (
        "Community data (who plays what) or a table of track features (tempo), as you downloaded it.\n\n"
        f"This app opens no connection. A command of its own downloads, and asks first:\n{names}"
    )


def first_steps(keymap: Keymap) -> Content:
    """Three ways on for someone who has nothing here yet."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    return Content.assemble(
        "Nothing leaves this machine: all of it stays in one folder of yours.\nThree ways on:\n\n",
        _step(keymap.label("import"), "import your listening history\n"),
        _muted("how to get it from Spotify, Last.fm, YouTube and a dozen others"),
        _muted("stands there; some send it at once, Spotify within days"),
        _step(keymap.label("discover.demo"), "look around first, with a made-up listener's music\n"),
        _muted("in a folder of its own, ready in under a minute"),
        _step(f"{model} {add}", "add community data, so that there is new music to find\n"),
        _muted("what can be had by name stands there"),
        "\nThen ", Content.styled(f"{model} {train}", "bold $text-accent"), " trains the model, and this list fills.",
    )  # fmt: skip


def untrained(status: Status, keymap: Keymap) -> Content:
    """There are listens and no model: the keys that are missing."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    community = any(pack.kind == "community" for pack in status.packs)
    parts: list[Content | str] = [
        f"{status.listens:,} listens of {status.artists:,} artists are here. One step is missing:\n\n",
        _step(f"{model} {train}", "train the model, and this list fills by itself\n"),
    ]
    if community:
        parts.append(_muted("on the community data you added"))
    else:
        parts += [
            _muted("on your own sessions alone: it can bring back what you forgot,"), _muted("not find what is new"),
            _step(f"{model} {add}", "add community data first, so that it can"),
        ]  # fmt: skip
    return Content.assemble(*parts)


def no_tracks(status: Status, keymap: Keymap) -> Content:
    """There is no model of tracks: how to come by one, and the way back to artists."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    back = _step(keymap.label("discover.switch_level"), "back to artists")
    if any(pack.kind == "community" and pack.level == "tracks" for pack in status.packs):
        return Content.assemble(_step(f"{model} {train}", "train on the tracks you added\n"), "\n", back)
    return Content.assemble(
        _step(f"{model} {add}", "add community data of tracks: a table of playlists\n"),
        _muted("with a line for each track: playlist, artist, track"),
        _muted(f"then {train} there trains on it"), "\n", back,
    )  # fmt: skip


def _muted(text: str) -> Content:
    return Content.styled(f"      {text}\n", "$foreground-muted")


def _step(key: str, text: str) -> Content:
    return Content.assemble(Content.styled(f"{key:<6}", "bold $text-accent"), text)


def _hanging(text: str, indent: int, first: str, width: int = 70) -> str:
    """Wrapped lines, the first after `first`, the others indented as far."""
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=" " * indent) + "\n"


def help_for(view: str, keymap: Keymap = _OWN, *, absent: frozenset[str] = frozenset()) -> Content:
    """Every key that does something here; of what lists can do, `absent` does nothing in this view."""
    parts: list[Content | str] = []
    for title, scope in (("here", view), ("in every list", LISTS), ("everywhere", EVERYWHERE)):
        actions = [
            action
            for action in scope_of(scope)
            if not action.id.startswith("view_") and not (scope == LISTS and action.id in absent)
        ]
        if not actions:
            continue
        parts.append(Content.styled(f"{title}\n", "bold"))
        for action in actions:
            keys = f"  {keymap.labels(action):<12}"
            line = _hanging(action.help, len(keys), keys)
            parts += [Content.styled(line[: len(keys)], "$text-accent"), line[len(keys) :]]
        parts.append("\n")
    numbers = " ".join(keymap.label(f"view_{name}") for name, _ in VIEWS)
    where = f"{numbers} go to the views. j k, arrows, pages, g G move in lists."
    parts.append(Content.styled(where, "$foreground-muted"))
    return Content.assemble(*parts)


def import_report(report: dict[str, Any], next_keys: str = "") -> Content:
    """An import in words: what the service marked private first, then what was kept, and every reason for the rest."""
    totals = report["totals"]
    dropped = dict(totals["dropped"])
    private = dropped.pop("private session", 0)
    parts: list[Content | str] = []
    if private:
        parts += [Content.styled(f"{private:,}", "bold $warning"),
                  " plays of private sessions were left out, as the service marked them.\n\n"]  # fmt: skip
    parts += [
        f"{totals['read']:>10,}  read\n", Content.styled(f"{totals['kept']:>10,}  kept\n", "bold $text-accent"),
        f"{totals['duplicates']:>10,}  already there\n",
    ]  # fmt: skip
    for reason, count in sorted(dropped.items(), key=lambda pair: -pair[1]):
        parts.append(Content.styled(f"{count:>10,}  {shown(reason)}\n", "$foreground-muted"))
    if totals["kept"] and next_keys:
        # Before the files, of which there may be more than fit.
        parts += [
            "\n",
            _step(next_keys, "next: train a model on it, so that Discover has something to say"),
            "\n",
        ]
    parts += [f"\n{name}\n  {what}" for name, what in files_in_words(report["files"])]
    return Content.assemble(*parts)
