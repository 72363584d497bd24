"""What new users see in place of a list: what is missing, and the keys that get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from engine.defaults import SOLO_ITEMS, SOLO_SESSIONS
from engine.wording import quantity
from tuiapp.safe import shown

if TYPE_CHECKING:
    from engine.session import Status
    from tuiapp.screens.pick import Pick
    from tuiapp.settings.keys import Keymap


COMMUNITY_FILES = (
    "A file or folder of community data (who plays what) or track features (tempo), as downloaded: ListenBrainz' "
    "statistics, Last.fm's sets, the Million Playlist Dataset, Taste Profile, Audioscrobbler, or a table of your own."
)
MUSIC_FILES = (
    "The folder your music is in, with its subfolders, or the database of beets (library.db) or Navidrome "
    "(navidrome.db). Tags are read and matched to your history; no file is changed."
)
MODEL, MUSIC = "model", "music"
_FETCHING = (
    "Community data says who plays what, without names. ListenBrainz publishes it twice a month, from about 85,000 "
    "listeners (CC0). Tempo is for running playlists of those tracks; genres name your tastes. Looking up what "
    "you choose shows your address to its host; you are asked before it is downloaded."
)

# What a model is made from, in lines that fit in 80 columns.
_FROM_PACKS = ("from the community data you added",)
_ALONE = ("without other people's data it can only resurface", "what you have played")


def community_question() -> Pick:
    """Asks what to add: a data set to download, or a file, with descriptions."""
    from engine.community.offers import SOURCES
    from tuiapp.screens.pick import Choice, Pick

    choices = [Choice(name, f"Download {source.title}", source.size) for name, source in SOURCES.items()]
    return Pick(
        "Add community data, track features or a model",
        [
            *choices,
            Choice("", "A file or folder you have"),
            Choice(MODEL, "A trained model", "file or address"),
            Choice(MUSIC, "Your music files", "for playlists"),
        ],
        more=_FETCHING,
    )


def first_steps(status: Status, keymap: Keymap) -> Content:
    """Where to start, for someone who has nothing here yet, or no longer."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    return Content.assemble(
        f"{status.backup}\n\n" if status.backup else "",
        "Nothing leaves this machine: everything is in one folder.\nWhere to start:\n\n",
        step(keymap.label("import"), "import your listening history\n"),
        _muted("(the dialog shows how to get it from Spotify, Last.fm, YouTube …;"),
        _muted("some are instant, Spotify takes days)"),
        step(keymap.label("discover.demo"), "explore with demo data\n"),
        _muted("in its own folder, ready in about a minute"),
        step(f"{model} {add}", "add community data, to find new music\n"),
        _muted("(lists what you can download)"),
        "\nThen press ",
        Content.styled(model, "bold $text-accent"),
        " and ",
        Content.styled(train, "bold $text-accent"),
        " to build your recommendations.",
    )


def untrained(status: Status, keymap: Keymap) -> Content:
    """There are listens but no model: the keys to press."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    community = any(pack.kind == "community" for pack in status.packs)
    imported = f"{quantity(status.listens, 'plays')} of {quantity(status.artists, 'artists')} imported"
    alone = not community and status.too_few_alone
    parts: list[Content | str] = [
        f"{imported}: too few to learn from alone.\n"
        f"That takes {SOLO_SESSIONS} listening sessions, known by their dates, with {SOLO_ITEMS} artists.\n\n"
        if alone
        else f"{imported}. One step to go:\n\n"
    ]
    if not community:
        parts += [
            step(f"{model} {add}", "add community data, to find new music\n"),
            _muted("(lists what you can download)"),
        ]
    if alone:
        return Content.assemble(*parts, step(keymap.label("import"), "import more of your history"))
    parts += [
        step(f"{model} {train}", "build your recommendations\n"),
        *(_muted(line) for line in (_FROM_PACKS if community else _ALONE)),
    ]
    return Content.assemble(*parts)


def nothing_to_resurface(note: str, first: Content, keymap: Keymap) -> Content:
    """A solo model has nothing to resurface: what can be done, with keys."""
    model, add, history = (keymap.label(name) for name in ("view_model", "model.add_pack", "view_history"))
    return Content.assemble(
        f"{note}\n\n",
        first,
        step(f"{model} {add}", "add community data, to find new music\n"),
        _muted("(lists what you can download)"),
        step(keymap.label("discover.reset_dials"), "reset dials and filters\n"),
        step(keymap.label("discover.travel"), "look back to an earlier date\n"),
        step(history, "see what you have played\n"),
        step(keymap.label("import"), "import more of your history"),
    )


def taken_back(undoable: str, keymap: Keymap) -> Content:
    """Blocks, hides or exclusions leave nothing to list: how to undo them."""
    undo, taste, panel, clear = (
        keymap.label(name) for name in ("undo", "view_taste", "taste.next_panel", "taste.remove")
    )
    last = step(undo, f"undo {shown(undoable)}\n") if undoable else ""
    return Content.assemble(
        last,
        step(f"{taste} {panel}", "see what you blocked, hid and excluded\n"),
        _muted(f"({panel} again until exclusions show; {clear} clears one)"),
    )


def no_tracks(status: Status, keymap: Keymap) -> Content:
    """There is no model of tracks: how to get one, and the way back to artists."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    back = step(keymap.label("discover.switch_level"), "back to artists")
    if any(pack.kind == "community" and pack.level == "tracks" for pack in status.packs):
        return Content.assemble(step(f"{model} {train}", "build track recommendations\n"), "\n", back)
    return Content.assemble(
        step(f"{model} {add}", "add community data of tracks: a table of playlists\n"),
        _muted("one line per track: playlist, artist, track"),
        _muted(f"then press {train} to train on it"),
        "\n",
        back,
    )


def _muted(text: str) -> Content:
    return Content.styled(f"      {text}\n", "$foreground-muted")


def step(key: str, text: str) -> Content:
    """A key, and what it does for a new user."""
    return Content.assemble(Content.styled(f"{key:<5} ", "bold $text-accent"), text)
