"""Model: starts a comparison of rankings, shows its state, and keeps the winner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiapp.comparing import in_words
from tuiapp.screens.pick import Choice, Offer, Pick

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.session import Session
    from engine.session.comparisons import Comparisons, Standing
    from tuiapp.shell import Shell

TITLE = "Which is better for you?"
_HOW = (
    "Discover mixes both rankings without showing which picked what. What you open, like or play later counts "
    "for the one that picked it. It stays on this machine; a private session mixes and records nothing."
)


def ask_compare(shell: Shell) -> None:
    """Offer to start or end a comparison."""
    running = False

    def question(session: Session) -> Offer:
        nonlocal running
        standing = session.comparisons.standing()
        running = standing is not None and standing.ended is None
        return _to_end(standing) if standing is not None and running else _to_begin(session, standing)

    shell.push_screen(
        Pick(TITLE, question), lambda name: _end(shell, name) if running else _begin(shell, name)
    )


def _to_begin(session: Session, before: Standing | None) -> Offer:
    """The rankings to compare with, and how the comparison `before` went."""
    now = session.comparisons.in_force()
    more = f"Discover ranks by “{now.name}”: {now.about}. Compare it with another."
    # After a first comparison its result replaces the explanation.
    more = f"{' '.join(in_words(before))}\n\n{more}" if before is not None else f"{more} {_HOW}"
    return Offer([Choice(one.name, one.name, one.about) for one in session.comparisons.choices()], more)


def _to_end(standing: Standing) -> Offer:
    """Its state, and the choice of which to keep."""
    better = standing.tally.better
    winner = {"usual": standing.usual, "other": standing.other}[better].name if better else ""
    options = [
        Choice("", "Go on comparing"),
        *(
            Choice(one.name, f"Rank by “{one.name}”", "the better for you" if one.name == winner else "")
            for one in (standing.usual, standing.other)
        ),
    ]
    return Offer(options, " ".join(in_words(standing)), winner)


def _begin(shell: Shell, name: str | None) -> None:
    if name is None:
        return
    _change(
        shell,
        lambda comparisons: comparisons.begin(name),
        f"comparing with {name}",
        f"Discover mixes “{name}” in from now on. Look here later to see which is better.",
    )


def _end(shell: Shell, name: str | None) -> None:
    if not name:
        return
    undo = shell.keymap.label("undo")
    _change(
        shell,
        lambda comparisons: comparisons.end(name),
        f"ranking by {name}",
        f"Discover ranks by “{name}”. {undo} undoes it.",
    )


def _change(shell: Shell, change: Callable[[Comparisons], object], words: str, done: str) -> None:
    """Change the comparison; undoable under these words, and `done` is said of it."""
    shell.changes.edit_each(
        words,
        (None,),
        lambda session, _: change(session.comparisons),
        lambda session, _: session.comparisons.undo(),
        lambda results: shell.notify(done) if results is not None else None,
    )
