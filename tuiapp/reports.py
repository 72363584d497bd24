"""What the app says in longer texts: help for a view, the first steps, an import's report."""

from __future__ import annotations

import textwrap
from typing import Any

from textual.content import Content

from tuiapp.actions import EVERYWHERE, LISTS, VIEWS, scope_of
from tuiapp.keys import Keymap
from tuiapp.output import files_in_words
from tuiapp.safe import shown

EXPORTS = (
    ("Spotify", "Account › Privacy › Extended history", "1 to 30 days"),
    ("Last.fm", "an exporter such as lastfm-to-csv", "minutes"),
    ("ListenBrainz", "Settings › Export data", "minutes to hours"),
    ("YouTube Music", "Google Takeout › history, as JSON", "hours"),
    ("Apple Music", "privacy.apple.com › Media Services", "7 days"),
)


# Every action with its own keys.
_OWN = Keymap()


def first_steps(keymap: Keymap) -> Content:
    """Three ways on for someone who has nothing here yet."""
    model, add, train = (keymap.label(name) for name in ("view_model", "model.add_pack", "model.train"))
    parts: list[Content | str] = [
        "Nothing leaves this machine: all of it stays in one folder of yours.\n\n",
        _step(keymap.label("import"), "import your listening history; your service hands it out:\n"),
    ]
    for service, how, wait in EXPORTS:
        parts.append(
            Content.styled(_hanging(f"{how} ({wait})", 18, f"    {service:<14}"), "$foreground-muted")
        )
    parts += [
        "\n", _step(f"{model} {add}", "add community data, so that there is new music to find\n"),
        _step(f"{model} {train}", "train the model\n"), "\n",
        _step(keymap.label("discover.demo"), "or look around first: a made-up listener, in a folder of its own"),
    ]  # fmt: skip
    return Content.assemble(*parts)


def _step(key: str, text: str) -> Content:
    return Content.assemble(Content.styled(f"{key:<4}", "bold $text-accent"), text)


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
    parts += [f"\n{name}\n  {what}" for name, what in files_in_words(report["files"])]
    if totals["kept"] and next_keys:
        parts += [
            "\n\n",
            _step(next_keys, "next: train a model on it, so that Discover has something to say"),
        ]
    return Content.assemble(*parts)
