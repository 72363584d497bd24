"""The registry of actions and their keys, from which bindings, footer, help, palette and the README's table are
made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from textual.binding import Binding

EVERYWHERE = "everywhere"
LISTS = "in lists"


class Action(NamedTuple):
    """An action of a key.

    `scope` is a view's name, LISTS or EVERYWHERE; `footer` 0 keeps it out of the footer; lower numbers are shown in
    narrower terminals too. `alone` actions are shown even if the view's list is empty.
    """

    id: str
    keys: str
    label: str
    help: str
    scope: str = EVERYWHERE
    footer: int = 0
    command: str = ""  # the Textual action, if it is not the id itself
    priority: bool = False  # whether it works in dialogs too
    shared: bool = False  # whether it is the same in every view whose rows are music
    alone: bool = False

    @property
    def stem(self) -> str:
        """Its id without arguments: `move` of `move(1)`."""
        return self.id.partition("(")[0]

    @property
    def name(self) -> str:
        """Its name in the settings file: `undo`, `lists.filter`, `discover.turn_familiarity_minus`."""
        return _name(self.id, self.scope)


@cache
def _name(id_: str, scope: str) -> str:
    what, bracket, arguments = id_.partition("(")
    if bracket:
        words = [re.sub(r"\W", "", word) for word in arguments.split(",") if "'" in word]
        what = "_".join([what, *words, "minus" if "-" in arguments else "plus"])
    return {EVERYWHERE: "", LISTS: "lists."}.get(scope, f"{scope}.") + what


_NAMES = {
    "question_mark": "?", "slash": "/", "space": "space", "enter": "enter", "escape": "esc", "left": "←",
    "right": "→", "left_square_bracket": "[", "right_square_bracket": "]", "plus": "+", "minus": "-",
    "comma": ",", "full_stop": ".", "delete": "del", "up": "↑", "down": "↓", "backslash": "\\", "at": "@",
    "underscore": "_", "less_than_sign": "<", "greater_than_sign": ">",
}  # fmt: skip


def written(key: str) -> str:
    """A key as people write it: `^x`, `?`, `esc`."""
    if key.startswith("ctrl+"):
        return "^" + written(key.removeprefix("ctrl+"))
    if key.startswith("shift+"):
        return "⇧" + written(key.removeprefix("shift+"))
    return _NAMES.get(key) or _sign(key)


def _sign(key: str) -> str:
    """The character of a key that Textual calls by its Unicode name, such as `equals_sign`; any other key unchanged."""
    try:
        sign = unicodedata.lookup(key.replace("_", " "))
    except KeyError:
        return key
    return sign if sign.isprintable() else key


VIEWS = (
    ("discover", "Discover"),
    ("related", "Related"),
    ("contexts", "Contexts"),
    ("playlists", "Playlists"),
    ("history", "History"),
    ("taste", "Taste"),
    ("model", "Model"),
    ("browse", "Browse"),
)
# Screens with actions of their own: the views on the tab strip, and the settings.
SCREENS = (*VIEWS, ("settings", "Settings"))

# The views whose rows are artists or tracks.
MUSIC = ("discover", "related", "contexts", "playlists", "history", "taste", "browse")


def _on_music(view: str, **footers: int) -> Iterator[Action]:
    """Actions on rows of music, with the same keys everywhere; `footers` as in `Action`, by id."""
    for name, key, label, words in (
        # In Playlists it first opens a list.
        ("artist", "enter", "open", "Open the playlist; in one, the artist page.")
        if view == "playlists"
        else ("artist", "enter", "artist", "In the tree: to its artists. There: artist page.")
        if view == "browse"
        else ("artist", "enter", "artist", "Artist page: your plays, reasons, similar artists."),
        ("like", "l", "like", "Like: counts towards your taste, no longer listed as new."),
        ("hide", "x", "hide", "Hide from Discover; still counts towards your taste."),
        ("block", "B", "block", "Block: never shown anywhere, never learned from."),
        ("add_to", "a", "add", "Add to a playlist; of an artist, one track."),
        ("related", "r", "related", "Similar artists."),
        (
            "mix",
            "M",
            "mix",
            "Mix from here: a new playlist of what goes with it; among playlists, any kind of mix.",
        ),
    ):
        alone = (view, name) == ("playlists", "mix")  # of any kind
        yield Action(name, key, label, words, view, footers.get(name, 0), shared=True, alone=alone)


ACTIONS: tuple[Action, ...] = (
    *(
        Action(f"view_{name}", str(number), title, f"Go to {title}.", command=f"app.view('{name}')")
        for number, (name, title) in enumerate(VIEWS, 1)
    ),
    Action("search", "s,ctrl+k", "search", "Search artists and tracks; tolerates typos.", footer=7),
    Action("import", "i", "import", "Import your listening history from any service.", footer=8),
    Action("private", "P", "private", "Start or end a private session; nothing is written during it.", footer=3),
    Action("leave_demo", "Q", "leave the demo", "In the demo: back to your own library.", footer=3),
    Action("undo", "u", "undo", "Undo the last change.", footer=6),
    Action("help", "question_mark,f1", "help", "Keys of this view or dialog.", footer=1),
    Action("palette", "ctrl+p", "palette", "All commands, by name.",
           command="app.command_palette"),
    Action("settings", "S", "settings", "Settings: theme, keys, player, what counts as known.",
           command="app.view('settings')"),
    Action("cancel_job", "ctrl+x", "stop", "Stop the background job; nothing is lost."),
    Action("pause", "semicolon", "pause", "Pause what plays, or play on."),
    Action("next_song", "colon", "next song", "To the next song of what plays."),
    Action("stop_playing", "exclamation_mark", "stop playing", "Stop what plays."),
    Action("queue", "9", "queue", "Queue: what plays next; play from there, or remove."),
    Action("louder(-5)", "underscore", "quieter", "Quieter."),
    Action("louder(5)", "asterisk", "louder", "Louder."),
    Action("seek(-10)", "left_parenthesis", "10 s back", "10 seconds back in what plays."),
    Action("seek(10)", "right_parenthesis", "10 s on", "10 seconds on in what plays."),
    Action("back", "escape", "clear", "Close a dialog, or clear one thing: message, selection, filter, what-if, "
           "taste, time, date.", command="screen.back"),
    Action("view_back", "ctrl+o,backspace", "back", "Back to the view before.", command="app.view_back"),
    Action("retry", "ctrl+r", "try again", "Try again after an error.", command="screen.retry"),
    Action("suspend", "ctrl+z", "suspend", "Suspend: back to the shell, until `fg` there.",
           command="app.suspend_process", priority=True),
    Action("quit", "q", "quit", "Quit (your place is remembered).", footer=2),
    # -- every list
    Action("move(-1)", "up,k", "up", "Up.", LISTS),
    Action("move(1)", "down,j", "down", "Down.", LISTS),
    Action("page(-1)", "pageup,ctrl+u", "page up", "A page up.", LISTS),
    Action("page(1)", "pagedown,ctrl+d", "page down", "A page down.", LISTS),
    Action("edge(-1)", "home,g", "top", "To the first row.", LISTS),
    Action("edge(1)", "end,G", "end", "To the last row.", LISTS),
    Action("filter", "slash", "filter", "Filter the list.", LISTS, 9),
    Action("match(1)", "n", "next match", "To the next row that matches the last filter.", LISTS),
    Action("match(-1)", "N", "previous match", "To the previous row that matches it.", LISTS),
    Action("mark", "space", "select", "Select the row; actions apply to all selected rows.", LISTS, 12),
    Action("mark_range", "V", "select range", "Select from the row selected last to this one.", LISTS),
    Action("mark_all", "ctrl+a", "select all", "Select every row in sight, or none.", LISTS),
    Action("sort", "z", "sort", "Sort by the next column.", LISTS),
    Action("sort_reverse", "Z", "reverse", "Reverse sort.", LISTS),
    Action("sort_none", "equals_sign", "unsort", "Back to the list's own order.", LISTS),
    Action("open", "o", "open", "Play your files, or open in your browser or player; only the name is sent.",
           LISTS, command="screen.open"),
    Action("play_next", "I", "play next", "Play next: adds your files of it to the queue.", LISTS,
           command="screen.play_next"),
    Action("copy", "y,Y", "copy", "Copy the selected names.", LISTS, command="screen.copy"),
    # -- Discover
    *_on_music("discover", like=4, hide=5, artist=10, related=14, add_to=12),
    Action("without", "w", "what if", "Recommend as if you had never played the top reason.", "discover", 11),
    Action("export", "e", "export", "Export the list to a file.", "discover", 13),
    Action("turn('familiarity', -0.1)", "left,comma", "familiar", "More familiar artists.", "discover"),
    Action("turn('familiarity', 0.1)", "right,full_stop", "new", "More new artists.", "discover"),
    Action("turn('popularity', 0.2)", "plus,p", "popular", "More popular artists.", "discover"),
    Action("turn('popularity', -0.2)", "minus,O", "obscure", "More obscure artists.", "discover"),
    Action("less_known", "v", "less known", "Favour what fewer people play; again to reset.",
           "discover", 11),
    Action("turn('recency', -1)", "left_square_bracket,f", "recent", "Favour recent plays.", "discover"),
    Action("turn('recency', 1)", "right_square_bracket,F", "all time", "Favour all-time plays.", "discover"),
    Action("turn('variety', 0.2)", "greater_than_sign", "varied", "More variety.", "discover"),
    Action("turn('variety', -0.2)", "less_than_sign", "alike", "Less variety.", "discover"),
    Action("pick_taste", "m", "taste", "Filter by taste: choose one, or all.", "discover"),
    Action("pick_times", "c", "when", "Filter by time of the week: morning, commute, work, … or any time.",
           "discover"),
    Action("switch_level", "T", "tracks", "Switch between artists and tracks.", "discover", 15),
    Action("demo", "E", "demo", "Demo: try everything on demo data before you import.", "discover"),
    Action("travel", "d", "date", "Discover as of an earlier date, and what you played later.", "discover"),
    Action("reset_dials", "0", "reset", "Reset dials and filters.", "discover"),
    # -- Related
    *_on_music("related", related=4, artist=14, like=11, add_to=12),
    Action("trail_back", "left,h", "back", "Back to the previous artist.", "related", 5),
    Action("trail_forward", "right", "forward", "Forward to the next artist.", "related", 10),
    Action("export", "e", "export", "Export the list to a file.", "related", 13),
    # -- Contexts
    *_on_music("contexts", artist=12, add_to=13),
    Action("pick_context", "c", "context", "Choose a context: running, focus, sleep, … or one of your own.",
           "contexts", 4, alone=True),
    Action("bpm(-1)", "left,comma", "slower", "1 beat or step per minute slower.", "contexts", 5, alone=True),
    Action("bpm(1)", "right,full_stop", "faster", "1 beat or step per minute faster.", "contexts", 5, alone=True),
    Action("tap", "b", "tap", "Tap in time with your steps (the beat) to set the tempo.", "contexts", 10, alone=True),
    Action("minutes(-5)", "minus,O", "shorter", "5 minutes shorter.", "contexts"),
    Action("minutes(5)", "plus,p", "longer", "5 minutes longer.", "contexts"),
    Action("warm_up(-5)", "less_than_sign", "warm-up -", "5 minutes less warm-up and cool-down.", "contexts"),
    Action("warm_up(5)", "greater_than_sign", "warm-up +", "5 minutes more warm-up and cool-down.", "contexts"),
    Action("newness(-0.1)", "left_square_bracket,f", "less new", "Less new music.", "contexts"),
    Action("newness(0.1)", "right_square_bracket,F", "more new", "More new music.", "contexts"),
    Action("next_panel", "v", "profile", "Next profile: tempo, energy, calm.", "contexts"),
    Action("shuffle", "H", "shuffle", "Shuffle: another list with the same settings.", "contexts", 11),
    Action("new", "ctrl+n", "keep", "Keep these settings as a context of your own.", "contexts"),
    Action("remove", "D,delete", "remove", "Remove your context; can be undone.", "contexts"),
    Action("save", "W", "save", "Save as playlist.", "contexts", 6),
    Action("export", "e", "export", "Export the list to a file.", "contexts", 9),
    # -- Playlists
    *_on_music("playlists", artist=4, mix=5, add_to=10),
    Action("new", "ctrl+n", "new", "New playlist.", "playlists", 5, alone=True),
    Action("continue", "C", "continue", "Add ten matching tracks, some of them new.", "playlists", 6),
    Action("shift(1)", "J,shift+down", "move down", "Move the selected tracks down.", "playlists", 7),
    Action("shift(-1)", "K,shift+up", "move up", "Move the selected tracks up.", "playlists", 7),
    Action("remove", "D,delete", "remove", "Remove the tracks, or delete the playlist; can be undone.",
           "playlists", 7),
    Action("rename", "R", "rename", "Rename the playlist.", "playlists", 14),
    Action("export", "e", "export", "Export the playlist to a file.", "playlists", 13),
    Action("push", "p", "send", "Send the playlist to a server of your own; first you see what matches there.",
           "playlists", 14),
    # -- History
    *_on_music("history", artist=10, related=11, add_to=12),
    Action("year(-1)", "left,comma", "previous year", "Previous year.", "history", 4),
    Action("year(1)", "right,full_stop", "next year", "Next year; after the last, all time.",
           "history", 5),
    Action("travel", "d", "date", "Go to a date in the list.", "history", 13),
    Action("next_panel", "v", "panel", "Next panel: the year, fading, overdue, most played. Tab enters its list.",
           "history", 6),
    # -- Taste
    *_on_music("taste", artist=10),
    Action("next_panel", "v", "panel", "Next panel: map, tastes, drift, exclusions. Tab enters its list.",
           "taste", 4),
    Action("new", "ctrl+n", "exclude", "New exclusion: leave plays out of your taste, with a preview.",
           "taste", 6, alone=True),
    Action("remove", "D,delete", "remove", "Remove the exclusion, or the like, hide or block; can be undone.",
           "taste", 8),
    Action("discover_taste", "m", "discover", "Discover for this taste only.",
           "taste", 11),
    Action("travel", "d", "date", "Discover as of an earlier date.", "taste", 9),
    Action("browse", "ctrl+b", "browse", "Browse the genre of the taste or artist.", "taste", 12),
    Action("stars", "p", "stars", "Like what you starred on a server of your own; can be undone.", "taste", 13),
    # -- Model
    Action("train", "t", "train", "Train on your packs, on this machine.", "model", 4, alone=True),
    Action("train_free", "L", "train larger",
           "Train a larger model if it measures better; takes longer.", "model", 5, alone=True),
    Action("add_pack", "a", "add pack", "Add community data, track features, a model or music files.", "model", 6,
           alone=True),
    Action("update_pack", "X", "update pack", "Update the pack with newer data; scan or measure music files.",
           "model", 9),
    Action("export", "e", "export", "Export the model to a file, for others.", "model", 13),
    Action("compare", "A", "compare", "Which ranking is better for you? Compare two in Discover.", "model", 12),
    Action("details", "v", "details", "Show the model in detail, or in short.", "model", 7),
    Action("remove_pack", "D,delete", "remove pack", "Remove the pack; can be undone.", "model", 10),
    # -- Browse
    *_on_music("browse", artist=5, like=8, add_to=12, related=13),
    Action("fold(1)", "right", "open", "Show the genres below this one; then to its artists.", "browse", 4),
    Action("fold(-1)", "left", "close", "Hide the genres below; from the artists back to the tree.", "browse", 7),
    Action("show_only('new')", "full_stop", "new", "Only artists new to you; again for all.", "browse", 6),
    Action("show_only('known')", "comma", "known", "Only artists you know; again for all.", "browse", 10),
    Action("turn('popularity', 0.2)", "plus,p", "popular", "More popular artists first.", "browse"),
    Action("turn('popularity', -0.2)", "minus,O", "obscure", "More obscure artists first.", "browse"),
    Action("less_known", "v", "less known", "Favour what fewer people play; again to reset.", "browse", 11),
    Action("turn('recency', -1)", "left_square_bracket,f", "recent", "Favour recent plays.", "browse"),
    Action("turn('recency', 1)", "right_square_bracket,F", "all time", "Favour all-time plays.", "browse"),
    Action("reset_dials", "0", "reset", "Reset the order, and list all.", "browse"),
    Action("export", "e", "export", "Export the list to a file.", "browse", 14),
    # -- Settings
    Action("change", "enter", "change", "Change the value or key.", "settings", 4),
    Action("reset", "D,delete", "default", "Reset to the default; can be undone.", "settings", 5),
)  # fmt: skip


def scope_of(name: str) -> tuple[Action, ...]:
    """The actions that belong to a view, LISTS or EVERYWHERE."""
    return tuple(action for action in ACTIONS if action.scope == name)


def on_music() -> tuple[Action, ...]:
    """The action on music in the first view that has it."""
    return tuple(action for action in scope_of(MUSIC[0]) if action.shared)


def bindings(scope: str, *, prefix: str = "") -> list[Binding]:
    """Textual's bindings for a scope; ids allow remapping keys."""
    from textual.binding import Binding

    return [
        Binding(
            action.keys,
            action.command or prefix + action.id,
            action.label,
            show=False,
            id=action.name,
            priority=action.priority,
        )
        for action in scope_of(scope)
    ]


# What every dialog has of it, and what those that list music and ask nothing have besides.
IN_DIALOGS = ("help", "private", "cancel_job", "pause", "next_song", "stop_playing", "louder", "seek")
LEADING_ON = ("search", "import", "settings", *(f"view_{name}" for name, _ in VIEWS))


def bindings_too(*ids: str) -> list[Binding]:
    """Bindings of what is done everywhere, for a dialog: the app's own do not reach one."""
    from textual.binding import Binding

    return [
        Binding(
            action.keys,
            f"everywhere({action.command.removeprefix('app.') or action.id!r})",
            show=False,
            id=action.name,
        )
        for action in scope_of(EVERYWHERE)
        if action.stem in ids
    ]


def key_table() -> str:
    """The README's table of keys, in Markdown."""
    lines = ["| where | key | what it does |", "|---|---|---|"]
    titles = dict(SCREENS) | {EVERYWHERE: "everywhere", LISTS: "in lists"}
    for where, actions in (
        (titles[EVERYWHERE], scope_of(EVERYWHERE)),
        (titles[LISTS], scope_of(LISTS)),
        ("on music", on_music()),  # once, the same in every view
        *((title, tuple(one for one in scope_of(name) if not one.shared)) for name, title in SCREENS),
    ):
        for action in actions:
            keys = " ".join(f"`{written(key)}`" for key in action.keys.split(","))
            lines.append(f"| {where} | {keys} | {action.help} |")
    return "\n".join(lines)
