"""The one list of what the keys do. Bindings, footer, help, palette and the README's table are all made from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import Binding

EVERYWHERE = "everywhere"
LISTS = "in every list"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does. `scope` is a view's name, LISTS or EVERYWHERE; `footer` 0 keeps it out of the footer.

    A lower `footer` number survives in a narrower terminal.
    """

    id: str
    keys: str
    label: str
    help: str
    scope: str = EVERYWHERE
    footer: int = 0
    command: str = ""  # the Textual action, where it is not the id itself

    @property
    def name(self) -> str:
        """What the settings file calls it: `undo`, `lists.filter`, `discover.turn_familiarity_minus`."""
        what, bracket, arguments = self.id.partition("(")
        if bracket:
            words = [re.sub(r"\W", "", word) for word in arguments.split(",") if "'" in word]
            what = "_".join([what, *words, "minus" if "-" in arguments else "plus"])
        scope = {EVERYWHERE: "", LISTS: "lists."}.get(self.scope, f"{self.scope}.")
        return scope + what


_NAMES = {
    "question_mark": "?", "slash": "/", "space": "space", "enter": "enter", "escape": "esc", "left": "←",
    "right": "→", "left_square_bracket": "[", "right_square_bracket": "]", "plus": "+", "minus": "-",
    "comma": ",", "full_stop": ".", "delete": "del", "up": "↑", "down": "↓",
}  # fmt: skip


def written(key: str) -> str:
    """A key as people write it: `^x`, `?`, `esc`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    if key.startswith("shift+"):
        return "⇧" + written(key.removeprefix("shift+"))
    return _NAMES.get(key, key)


# How one moves in every list. These keys are fixed.
MOVES = (
    ("up,k", "move(-1)"),
    ("down,j", "move(1)"),
    ("pageup,ctrl+u", "page(-1)"),
    ("pagedown,ctrl+d", "page(1)"),
    ("home,g", "edge(0)"),
    ("end,G", "edge(1)"),
)

VIEWS = (
    ("discover", "Discover"),
    ("related", "Related"),
    ("contexts", "Contexts"),
    ("playlists", "Playlists"),
    ("history", "History"),
    ("taste", "Taste"),
    ("model", "Model"),
)
# Screens with actions of their own: the views on the tab strip, and the settings.
SCREENS = (*VIEWS, ("settings", "Settings"))

ACTIONS: tuple[Action, ...] = (
    *(
        Action(f"view_{name}", str(number), title, f"Go to {title}.", command=f"app.view('{name}')")
        for number, (name, title) in enumerate(VIEWS, 1)
    ),
    Action("search", "s,ctrl+k", "search", "Find an artist or track anywhere; typos are forgiven.", footer=6),
    Action("import", "i", "import", "Import listening history from files of any service.", footer=7),
    Action("private", "P", "private", "Begin or end a private session: while it is on nothing is written.", footer=3),
    Action("undo", "u", "undo", "Take back the last change.", footer=8),
    Action("help", "question_mark", "help", "What the keys do here.", footer=1),
    Action("palette", "ctrl+p", "palette", "Everything the app can do, by name; themes too.",
           command="app.command_palette"),
    Action("settings", "S", "settings", "Theme, keys, where o opens music, what counts as known.",
           command="app.view('settings')"),
    Action("cancel_job", "ctrl+x", "stop", "Stop what runs in the background; what was whole before stays."),
    Action("back", "escape", "back", "Back out one level: input, overlay, view.", command="screen.back"),
    Action("retry", "ctrl+r", "try again", "Ask again for what is shown, after an error.", command="screen.retry"),
    Action("quit", "q", "quit", "Leave. Where you were comes back next time.", footer=2),
    # -- every list
    Action("filter", "slash", "filter", "Show only rows that hold what you type.", LISTS, 9),
    Action("mark", "space", "mark", "Mark the row; what you do next is done to all marked ones.", LISTS, 12),
    Action("sort", "z", "sort", "Sort by the next column; again for the one after.", LISTS),
    Action("sort_reverse", "Z", "reverse", "Turn the order around.", LISTS),
    Action("open", "o", "open", "Look it up in your browser, or play it with your player. Nothing else leaves here.",
           LISTS, command="screen.open"),
    Action("copy", "Y", "copy", "Copy the names of what is chosen to the clipboard.", LISTS, command="screen.copy"),
    # -- Discover
    Action("like", "l", "like", "Like: it counts in your taste, and leaves the list of new artists.", "discover", 4),
    Action("hide", "x", "hide", "Keep it out of Discover; it still counts in your taste.", "discover", 5),
    Action("block", "B", "block", "Never show it again anywhere, nor learn from it.", "discover"),
    Action("without", "w", "what if", "As if you had never played the strongest reason.", "discover", 11),
    Action("artist", "enter", "artist", "All about the artist: your plays, why, who is near.", "discover", 10),
    Action("related", "r", "related", "Artists like it.", "discover", 14),
    Action("add_to", "a", "add", "Add a track of the artist to a playlist.", "discover", 12),
    Action("export", "e", "export", "Write the list to a file.", "discover", 13),
    Action("turn('familiarity', -0.1)", "left,comma", "familiar", "Turn the dial to artists you know.", "discover"),
    Action("turn('familiarity', 0.1)", "right,full_stop", "new", "Turn the dial to new artists.", "discover"),
    Action("turn('popularity', 0.2)", "plus,p", "popular", "Turn the dial to popular artists.", "discover"),
    Action("turn('popularity', -0.2)", "minus,n", "obscure", "Turn the dial to obscure artists.", "discover"),
    Action("turn('recency', -1)", "left_square_bracket,f", "recent", "Let older plays fade sooner.", "discover"),
    Action("turn('recency', 1)", "right_square_bracket,F", "all time", "Let older plays count longer.", "discover"),
    Action("turn('variety', 0.2)", "v", "varied", "Turn the dial to artists unlike each other.", "discover"),
    Action("turn('variety', -0.2)", "V", "alike", "Turn the dial back to the best, however alike.", "discover"),
    Action("next_taste", "m", "taste", "Only for one of your tastes; again for the next, and for all.", "discover"),
    Action("next_context", "c", "when", "As you listen in the morning, at work, at night; then of all times.",
           "discover"),
    Action("switch_level", "T", "tracks", "Single tracks, or artists again.", "discover", 15),
    Action("demo", "d", "sample", "Before you import: see it all on made-up data, in a folder of its own.", "discover"),
    Action("travel", "t", "time travel", "As of an earlier date, and what you played later.", "discover"),
    Action("reset_dials", "0", "reset", "Dials back to where they start, nothing left out, as of now.", "discover"),
    # -- Related
    Action("walk", "enter,r", "walk", "Go on to this artist.", "related", 4),
    Action("artist", "c", "card", "All about the artist: your plays, why, who is near.", "related", 14),
    Action("trail_back", "left,h", "step back", "Back along the trail.", "related", 5),
    Action("trail_forward", "right", "forward", "Forward along the trail.", "related", 10),
    Action("like", "l", "like", "Like: it counts in your taste.", "related", 11),
    Action("block", "B", "block", "Never show it again anywhere, nor learn from it.", "related"),
    Action("add_to", "a", "add", "Add a track of the artist to a playlist.", "related", 12),
    Action("export", "e", "export", "Write the neighbours to a file.", "related", 13),
    # -- Contexts
    Action("bpm(-1)", "left,comma", "slower", "One step a minute fewer.", "contexts", 4),
    Action("bpm(1)", "right,full_stop", "faster", "One step a minute more.", "contexts", 5),
    Action("tap", "t", "tap", "Tap along with your steps to set the tempo.", "contexts", 10),
    Action("minutes(-5)", "m", "shorter", "Five minutes less.", "contexts"),
    Action("minutes(5)", "M", "longer", "Five minutes more.", "contexts"),
    Action("warm_up(-5)", "w", "warm-up -", "Five minutes less of warm-up and cool-down.", "contexts"),
    Action("warm_up(5)", "W", "warm-up +", "Five minutes more of warm-up and cool-down.", "contexts"),
    Action("new(-0.1)", "n", "less new", "Less music you have not played.", "contexts"),
    Action("new(0.1)", "N", "more new", "More music you have not played.", "contexts"),
    Action("shuffle", "r", "another", "Another list from the same wishes.", "contexts", 11),
    Action("save", "a", "save", "Keep this list among your playlists.", "contexts", 6),
    Action("export", "e", "export", "Write the list to a file.", "contexts", 9),
    # -- Playlists
    Action("show", "enter", "open", "Open the playlist.", "playlists", 4),
    Action("new", "n", "new", "A new playlist, empty at first.", "playlists", 5),
    Action("continue", "c", "continue", "Ten more tracks that fit the list, own and new ones.", "playlists", 6),
    Action("shift(1)", "J,shift+down", "down", "Move the tracks down.", "playlists", 7),
    Action("shift(-1)", "K,shift+up", "up", "Move the tracks up.", "playlists", 7),
    Action("remove", "x,delete", "remove", "Take the tracks out, or delete the list; u brings them back.",
           "playlists", 7),
    Action("add_to", "a", "add to", "Add the tracks to another playlist.", "playlists", 10),
    Action("rename", "R", "rename", "Give the playlist another name.", "playlists", 14),
    Action("export", "e", "export", "Write it to a file.", "playlists", 13),
    # -- History
    Action("year(-1)", "left,comma", "year before", "The picture of the year before.", "history", 4),
    Action("year(1)", "right,full_stop", "year after", "The picture of the year after; after the last, of all years.",
           "history", 5),
    Action("artist", "enter", "artist", "All about the artist of the listen.", "history", 10),
    Action("related", "r", "related", "Artists like it.", "history", 11),
    Action("like", "l", "like", "Like the artist: it counts in your taste.", "history"),
    Action("block", "B", "block", "Never show the artist again anywhere, nor learn from it.", "history"),
    Action("next_picture", "t", "fading", "Favourites that are fading or overdue, and back to the year.",
           "history", 13),
    Action("show_year", "y", "picture", "The year as a picture, or the list, where there is no room for both.",
           "history", 6),
    Action("add_to", "a", "add", "Add the tracks to a playlist.", "history", 12),
    # -- Taste
    Action("next_panel", "v", "panel", "On to the next: the map of your artists, how your tastes drift, the rules.",
           "taste", 4),
    Action("new_rule", "n", "leave out", "Leave plays out of your taste by a rule, after a look at what it changes.",
           "taste", 6),
    Action("clear", "x,delete", "take back", "Take back the rule, or what was said about the artist; u brings it back.",
           "taste", 8),
    Action("open_row", "enter", "open", "From a taste to Discover for it alone, from an artist to artists like it.",
           "taste", 10),
    Action("artist", "c", "card", "All about the artist: your plays, what it speaks for, who is near.", "taste", 12),
    Action("discover_taste", "d", "discover", "Discover for the taste under the cursor, or the artist's there, alone.",
           "taste", 11),
    Action("travel", "t", "time travel", "Discover as of an earlier date.", "taste", 9),
    # -- Model
    Action("train", "t", "train", "Train a model on the packs there are, here on this machine.", "model", 4),
    Action("train_free", "T", "train, any size",
           "Train with more than 40 factors where that measures better; takes longer.", "model", 5),
    Action("add_pack", "a", "add pack", "Add community data or track features from a file or folder.", "model", 6),
    Action("remove_pack", "x,delete", "remove pack", "Delete a pack.", "model", 10),
    # -- Settings
    Action("change", "enter", "change", "Choose another value, type one, or press the new key.", "settings", 4),
    Action("reset", "x,delete", "default", "Back to the default; u undoes it.", "settings", 5),
)  # fmt: skip


def scope_of(name: str) -> tuple[Action, ...]:
    """The actions that belong to a view, LISTS or EVERYWHERE."""
    return tuple(action for action in ACTIONS if action.scope == name)


def bindings(scope: str, *, prefix: str = "") -> list[Binding]:
    """Textual's bindings for a scope; ids let people give them other keys."""
    from textual.binding import Binding

    return [
        Binding(
            action.keys,
            action.command or prefix + action.id,
            action.label,
            show=False,
            id=action.name,
        )
        for action in scope_of(scope)
    ]


def key_table() -> str:
    """The README's table of keys, in Markdown."""
    lines = ["| where | key | what it does |", "|---|---|---|"]
    titles = dict(SCREENS) | {EVERYWHERE: "everywhere", LISTS: "in every list"}
    for scope in (EVERYWHERE, LISTS, *(name for name, _ in SCREENS)):
        for action in scope_of(scope):
            keys = " ".join(f"`{written(key)}`" for key in action.keys.split(","))
            lines.append(f"| {titles[scope]} | {keys} | {action.help} |")
    return "\n".join(lines)
