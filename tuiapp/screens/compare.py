"""Model: which ranking is better for this person? Begin a comparison, look how it stands, keep the winner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiapp.comparing import in_words
from tuiapp.screens.pick import Choice, Pick

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.recommend.rankings import Ranking
    from engine.session.comparisons import Comparisons, Standing
    from tuiapp.shell import Shell

TITLE = "Which is better for you?"
_HOW = (
    "Discover mixes both rankings, and no line says whose it is. What you open, like or play later "
    "counts for whoever picked it. It stays on this machine; a private session mixes and notes nothing."
)


def ask_compare(app: Shell, standing: Standing | None, choices: tuple[Ranking, ...], now: Ranking) -> None:
    """Offer what can be done about comparing now."""
    said = " ".join(in_words(standing)) if standing is not None else ""
    if standing is None or standing.ended is not None:
        more = f"Discover ranks by “{now.name}”: {now.about}. Compare it with another."
        # Who has compared before knows how it goes, and reads how it went.
        more = f"{said}\n\n{more}" if said else f"{more} {_HOW}"
        options = [Choice(one.name, one.name, one.about) for one in choices]
        app.push_screen(Pick(TITLE, options, more=more), lambda name: _begin(app, name))
        return
    better = standing.tally.better
    winner = {"usual": standing.usual, "other": standing.other}[better].name if better else ""
    options = [
        Choice("", "Go on comparing"),
        *(
            Choice(one.name, f"Rank by “{one.name}”", "the better for you" if one.name == winner else "")
            for one in (standing.usual, standing.other)
        ),
    ]
    app.push_screen(Pick(TITLE, options, more=said, now=winner), lambda name: _end(app, name))


def _begin(app: Shell, name: str | None) -> None:
    if name is None:
        return
    _change(app, lambda comparisons: comparisons.begin(name), f"comparing with {name}")
    app.notify(f"Discover mixes “{name}” in from now on. Look here later for how it stands.", markup=False)


def _end(app: Shell, name: str | None) -> None:
    if not name:
        return
    _change(app, lambda comparisons: comparisons.end(name), f"ranking by {name}")
    app.notify(f"Discover ranks by “{name}”. {app.keymap.label('undo')} undoes it.", markup=False)


def _change(app: Shell, change: Callable[[Comparisons], object], words: str) -> None:
    """Change what is compared; undo, by these words for it, takes it back."""
    changes = app.changes
    changes.make(lambda session: change(session.comparisons))
    changes.remember(words, lambda: changes.make(lambda session: session.comparisons.take_back()))
