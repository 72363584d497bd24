"""What stands in a list's place for who begins: what is missing, and the keys that get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from engine.session import Status
    from tuiapp.settings.keys import Keymap


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
        step(keymap.label("import"), "import your listening history\n"),
        _muted("how to get it from Spotify, Last.fm, YouTube and a dozen others"),
        _muted("stands there; some send it at once, Spotify within days"),
        step(keymap.label("discover.demo"), "look around first, with a made-up listener's music\n"),
        _muted("in a folder of its own, ready in under a minute"),
        step(f"{model} {add}", "add community data, so that there is new music to find\n"),
        _muted("what can be had by name stands there"),
        "\nThen ", Content.styled(f"{model} {train}", "bold $text-accent"), " trains the model, and this list fills.",
    )  # fmt: skip


def untrained(status: Status, keymap: Keymap) -> Content:
    """There are listens and no model: the keys that are missing."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    community = any(pack.kind == "community" for pack in status.packs)
    parts: list[Content | str] = [
        f"{status.listens:,} listens of {status.artists:,} artists are here. One step is missing:\n\n",
        step(f"{model} {train}", "train the model, and this list fills by itself\n"),
    ]
    if community:
        parts.append(_muted("on the community data you added"))
    else:
        parts += [
            _muted("on your own sessions alone: it can bring back what you forgot,"), _muted("not find what is new"),
            step(f"{model} {add}", "add community data first, so that it can"),
        ]  # fmt: skip
    return Content.assemble(*parts)


def no_tracks(status: Status, keymap: Keymap) -> Content:
    """There is no model of tracks: how to come by one, and the way back to artists."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    back = step(keymap.label("discover.switch_level"), "back to artists")
    if any(pack.kind == "community" and pack.level == "tracks" for pack in status.packs):
        return Content.assemble(step(f"{model} {train}", "train on the tracks you added\n"), "\n", back)
    return Content.assemble(
        step(f"{model} {add}", "add community data of tracks: a table of playlists\n"),
        _muted("with a line for each track: playlist, artist, track"),
        _muted(f"then {train} there trains on it"), "\n", back,
    )  # fmt: skip


def _muted(text: str) -> Content:
    return Content.styled(f"      {text}\n", "$foreground-muted")


def step(key: str, text: str) -> Content:
    """A key, and what it does for who begins."""
    return Content.assemble(Content.styled(f"{key:<6}", "bold $text-accent"), text)
