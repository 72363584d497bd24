"""An artist's card: what was played, why it is recommended, who is near, and what can be said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine.errors import DiscoverError
from tuiapp.opening import Music
from tuiapp.safe import shown
from tuiapp.screens.dialogs import Dialog
from tuiapp.text import bar, day, fitted, percent, sparkline

if TYPE_CHECKING:
    from engine.session.artist_card import ArtistCard
    from tuiapp.app import DiscoverApp

_VERDICTS = {"like": "♥ liked", "hide": "○ hidden", "block": "✗ blocked"}
_NAMES = 30


class ArtistDialog(Dialog):
    """Opens on a name; l, x and B judge the artist (again takes it back), a number goes to one of the nearest.

    Dismissed with the name to see related artists of, or None.
    """

    DEFAULT_CSS = "ArtistDialog .hint { margin: 0 0 1 0; }"
    BINDINGS: ClassVar[list[Any]] = [
        Binding("l", "judge('like')", show=False),
        Binding("x", "judge('hide')", show=False),
        Binding("B", "judge('block')", show=False),
        Binding("r,enter", "related", show=False),
        Binding("o", "open", show=False),
        Binding("a", "add_to", show=False),
        Binding("u", "take_back", show=False),
        Binding("ctrl+r", "retry", show=False),
        Binding("backspace,left", "back", show=False),
        *(Binding(str(n), f"walk({n})", show=False) for n in range(1, 6)),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("q", "dismiss(None)", show=False),
    ]

    def __init__(self, app: DiscoverApp, name: str) -> None:
        super().__init__()
        self._home, self._trail = app, [name]
        self._card: ArtistCard | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="panel"):
            yield Static(shown(self._trail[-1]), classes="title", markup=False)
            # Above the card, since a low terminal shows no more than its beginning.
            yield Static("", classes="hint", markup=False)
            yield Static("… One moment", id="card", markup=False)

    def on_mount(self) -> None:
        self.action_retry()

    def action_retry(self) -> None:
        """Ask for the card, in a thread."""
        name = self._trail[-1]

        def run() -> None:
            try:
                card = self._home.engine().artist(name)
            except DiscoverError as error:
                self.app.call_from_thread(self._failed, error)
            else:
                self.app.call_from_thread(self._show, card)

        self.run_worker(run, thread=True, exclusive=True, group="artist")

    def _failed(self, error: DiscoverError) -> None:
        if self.is_mounted:
            self._card = None
            self.query_one("#card", Static).update(Content(f"✗ {shown(str(error))}"))
            self.query_one(".hint", Static).update("^r tries again  esc closes")

    def _show(self, card: ArtistCard) -> None:
        if not self.is_mounted:
            return
        self._card = card
        self.query_one(".title", Static).update(Content(shown(card.artist)))
        # The panel's own width is what its words decide; the screen's is known.
        self.query_one("#card", Static).update(drawn(card, max(24, min(80, self.size.width * 94 // 100 - 4))))
        self.query_one(".hint", Static).update(Content(self._keys(card)))

    def _keys(self, card: ArtistCard) -> str:
        """The keys that do something for this artist."""
        if card.verdict == "block":
            return "B unblocks  esc closes"
        keys = ["l " + ("unlike" if card.verdict == "like" else "like"),
                "x " + ("unhide" if card.verdict == "hide" else "hide"), "B block"]  # fmt: skip
        if card.near:
            keys += ["r related", f"1-{len(card.near)} go there"]
        if len(self._trail) > 1:
            keys.append("← back")
        return "  ".join([*keys, "a add", "o open", "esc closes"])

    # -- doing -----------------------------------------------------------------------------------------

    def action_judge(self, verdict: str) -> None:
        card = self._card
        if card is None or (card.verdict == "block" and verdict != "block"):
            return
        self._home.changes.judge(None if card.verdict == verdict else verdict, [card.artist])
        self._after_changes()

    def action_take_back(self) -> None:
        self._home.changes.take_back()
        self._after_changes()

    def _after_changes(self) -> None:
        """The card once what was asked before it is done: changes wait for one another in a worker."""

        async def wait() -> None:
            await self.app.workers.wait_for_complete([w for w in self.app.workers if w.group == "change"])
            self.action_retry()

        self.run_worker(wait(), group="artist.after", exclusive=True)

    def action_walk(self, number: int) -> None:
        if self._card is not None and number <= len(self._card.near):
            self._trail.append(self._card.near[number - 1])
            self.action_retry()

    def action_back(self) -> None:
        if len(self._trail) > 1:
            self._trail.pop()
            self.action_retry()

    def action_related(self) -> None:
        if self._card is not None and self._card.near:
            self.dismiss(self._card.artist)

    def action_open(self) -> None:
        if self._card is not None and self._card.verdict != "block":
            self._home.opening.open(Music(self._card.artist), self._home.preferences.config)

    def action_add_to(self) -> None:
        if self._card is not None and self._card.verdict != "block":
            from tuiapp.screens.add_to import artists_in_words, ask_add_to, of_artists

            names = [self._card.artist]
            ask_add_to(self._home, artists_in_words(names), of_artists(names))

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def drawn(card: ArtistCard, width: int) -> Content:
    """The card in lines no wider than `width`."""
    played = card.played
    facts = [f"{card.listeners:,} listeners"] if card.listeners else []
    facts += [f"number {card.rank} in Discover"] if card.rank else []
    facts += [_VERDICTS[card.verdict]] if card.verdict else []
    rows = [Content.styled("  ".join(facts), "bold")] if facts else []
    if card.verdict == "block":
        rows.append(Content("Shown nowhere and not learned from. B unblocks."))
    if card.tags:
        rows.append(_muted(fitted(", ".join(shown(tag) for tag in card.tags), width).rstrip()))
    rows.append(Content(""))
    if played.plays:
        span = f", {day(played.first)} to {day(played.last)}" if played.first is not None else ", undated"
        rows.append(Content(f"{played.plays:,} plays of yours{span}"))
        if len(played.by_year) > 1:
            years = list(played.by_year)
            line = sparkline([float(n) for n in played.by_year.values()])
            rows.append(
                Content.assemble(
                    _muted(f"{years[0]} "), Content.styled(line, "$text-accent"), _muted(f" {years[-1]}")
                )
            )
        rows += _bars("most played", [(title, n, f"{n:,}") for title, n in played.tracks], width)
    else:
        rows.append(_muted("You have not played it."))
    reason = "what speaks for it" if played.plays else "why it is recommended"
    rows += _bars(reason, [(s.artist, s.share, percent(s.share)) for s in card.why], width)
    if card.near:
        rows += [Content(""), _muted("near")]
        rows += [
            Content.assemble(
                Content.styled(f"{n} ", "bold $text-accent"), fitted(shown(name), width - 2).rstrip()
            )
            for n, name in enumerate(card.near, 1)
        ]
    return Content("\n").join(rows)


def _bars(title: str, rows: list[tuple[str, float, str]], width: int) -> list[Content]:
    """A heading and a bar a row, or nothing."""
    if not rows:
        return []
    most = max(value for _, value, _ in rows) or 1.0
    names = min(_NAMES, width // 2)
    return [
        Content(""),
        _muted(title),
        *(
            Content.assemble(
                fitted(shown(name), names), " ",
                Content.styled(bar(value / most, max(4, width - names - 10)), "$text-accent"), f" {text:>7}",
            )
            for name, value, text in rows
        ),
    ]  # fmt: skip


def _muted(text: str) -> Content:
    return Content.styled(text, "$foreground-muted")
