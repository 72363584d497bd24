"""The app's longer texts: help for a view, how to export a history, an import's report."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from textual.content import Content

from tuiapp.import_report import files_in_words, kept_otherwise, left_out
from tuiapp.safe import shown
from tuiapp.screens.first_steps import step
from tuiapp.settings.actions import EVERYWHERE, LISTS, VIEWS, scope_of, written
from tuiapp.settings.keys import BY_NAME, NO_KEY, Keymap
from tuiapp.typed_paths import IMPORT_WORDS, begun

if TYPE_CHECKING:
    from engine.job_messages import Imported
    from tuiapp.screens.dialogs import Dialog

# Every action with its own keys.
_OWN = Keymap()


# Service, how to export one's history, how long that takes: the README's table in short.
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
    ("IFTTT", "the sheet its applet fills, downloaded as CSV", "at once"),
    ("Exportify", "Export on its page: playlists and tempo", "at once"),
    ("any player", "playlists: M3U, PLS, XSPF, JSPF, and what discover exports", "at once"),
    ("anything else", "CSV or JSON lines with artist, track and time", ""),
)


# Keys that switch views: one line of help names all of them.
_VIEW_KEYS = frozenset(f"view_{name}" for name, _ in VIEWS)
# Maximum width of lines of help and of how to export.
_MAX_WIDTH, _MAX_WIDTH_OF_EXPORTS = 70, 64


def how_to_export(width: int = _MAX_WIDTH_OF_EXPORTS) -> str:
    """Every service, how to get one's history and how long it takes, as lines of at most `width` cells, and of 64."""
    indent, width = 23, min(width, _MAX_WIDTH_OF_EXPORTS)
    lines = [
        _hanging(f"{how} ({wait})" if wait else how, indent, f"{service:<{indent}}", width)
        for service, how, wait in EXPORTS
    ]
    words = " ".join(f"{word}={value}" for word, (_, value) in IMPORT_WORDS.items())
    options = _hanging(f"Options can follow the path: {words}", 0, "", width)
    return f"Files, folders or archives; the format is detected.\n{options}\n{''.join(lines)}"


def _hanging(text: str, indent: int, first: str, width: int) -> str:
    """Wrapped lines with a hanging indent after `first`; in a terminal of a few cells they are cut."""
    width = max(width, indent + 1)
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=" " * indent) + "\n"


def help_for(
    view: str, keymap: Keymap = _OWN, *, absent: frozenset[str] = frozenset(), width: int = _MAX_WIDTH
) -> Content:
    """Every key with an effect here, in lines of at most `width` cells; `absent` are actions of lists without an effect
    in this view."""
    groups = {
        title: [
            (keymap.labels(action) or "no key", action.help)
            for action in scope_of(scope)
            if action.id not in _VIEW_KEYS and not (scope != EVERYWHERE and action.id in absent)
        ]
        for title, scope in (("here", view), ("in lists", LISTS), ("everywhere", EVERYWHERE))
    }
    return _of_groups(groups, _switching(keymap), width)


def help_in(dialog: Dialog, keymap: Keymap, width: int = _MAX_WIDTH) -> Content:
    """Every key with an effect in a dialog now; a line that is typed in takes letters before they are keys."""
    groups: dict[str, dict[str, list[str]]] = {"here": {}, "in lists": {}, "everywhere": {}}
    to_views = False
    for key, active in dialog.active_bindings.items():
        binding, action = active.binding, BY_NAME.get(active.binding.id or "")
        words = binding.tooltip or (action.help if action is not None else "")
        of_screen = binding.action.startswith("screen.")
        if (
            not words
            or key == NO_KEY
            or (of_screen and not hasattr(dialog, f"action_{binding.action.removeprefix('screen.')}"))
        ):
            continue
        if action is not None and action.id in _VIEW_KEYS:
            to_views = True
            continue
        everywhere = binding.action.startswith("everywhere")
        group = "everywhere" if everywhere else "here" if active.node is dialog else "in lists"
        groups[group].setdefault(words, []).append(written(key))
    lines = {title: [(" ".join(keys), words) for words, keys in of.items()] for title, of in groups.items()}
    return _of_groups(lines, _switching(keymap) if to_views else "", width)


def _switching(keymap: Keymap) -> str:
    keys = [key for name, _ in VIEWS if (key := keymap.first(f"view_{name}"))]
    return f"{' '.join(keys)} switch views." if keys else ""


def _of_groups(groups: Mapping[str, Sequence[tuple[str, str]]], last: str, width: int) -> Content:
    """Keys and their words, by title."""
    parts: list[Content | str] = []
    for title, lines in groups.items():
        if not lines:
            continue
        parts.append(Content.styled(f"{title}\n", "bold"))
        for labels, words in lines:
            keys = f"  {labels:<11} "
            line = _hanging(words, len(keys), keys, min(width, _MAX_WIDTH))
            parts += [Content.styled(line[: len(keys)], "$text-accent"), line[len(keys) :]]
        parts.append("\n")
    parts.append(Content.styled(last, "$foreground-muted"))
    return Content.assemble(*parts)


def import_report(report: Imported, next_steps: Mapping[str, str] = MappingProxyType({})) -> Content:
    """An import's report: plays the service marked private first, then what was imported, and every reason for the
    rest.

    `next_steps` are keys with their effects.
    """
    totals = report["totals"]
    dropped = dict(totals["dropped"])
    private = dropped.pop("private session", 0)
    parts: list[Content | str] = []
    if private:
        parts += [Content.styled(f"{private:,}", "bold $warning"), " private-session plays skipped\n\n"]
    otherwise = kept_otherwise(dropped)
    parts.append(f"{totals['read']:>10,}  read\n")
    plays = totals["kept"] or totals["duplicates"] or not otherwise
    for count, words in [(totals["kept"], "kept")] * bool(plays) + otherwise:
        parts.append(Content.styled(f"{count:>10,}  {words}\n", "bold $text-accent"))
    if plays:
        parts.append(f"{totals['duplicates']:>10,}  duplicates\n")
    for count, _, words in left_out(dropped):
        parts.append(Content.styled(f"{count:>10,}  {words}\n", "$foreground-muted"))
    if report["no_backup"]:
        parts += ["\n", Content.styled(f"{shown(report['no_backup'])}\n", "$text-warning")]
    if next_steps:
        # Before the files, of which there may be more than fit.
        parts += ["\n", *(part for key, text in next_steps.items() for part in (step(key, text), "\n"))]
    parts += [f"\n{name}\n  {what}" for name, what in files_in_words(report["files"])]
    return Content.assemble(*parts)


def options_named(report: Imported) -> list[str]:
    """The options, typed after the path, that would resolve an import's notes and reasons."""
    dropped = report["totals"]["dropped"]
    said = " ".join((*dropped, *(str(file["note"]) for file in report["files"])))
    private = ["private"] if "private session" in dropped else []
    named = [word for word, (option, _) in IMPORT_WORDS.items() if f"{option} " in said]
    return [begun(word) for word in dict.fromkeys(named + private)]
