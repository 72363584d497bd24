"""An artist's card: plays, reasons, similar artists, and like, hide or block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.style import Style
from textual.widgets import Static

from engine.errors import DiscoverError
from engine.wording import percent, quantity
from tuiapp.cells import fitted
from tuiapp.music import Music
from tuiapp.safe import shown
from tuiapp.screens.dialogs import Dialog
from tuiapp.settings.actions import bindings_too
from tuiapp.settings.in_keys import in_keys
from tuiapp.settings.keys import BY_NAME
from tuiapp.text import bar, day, ordinal, sparkline
from tuiapp.widgets.why import by_taste, one_by_one

if TYPE_CHECKING:
    from engine.session import Session
    from engine.session.artist_pages import ArtistCard
    from engine.store.artists import PlayedArtist

_VERDICTS = {"like": "♥ liked", "hide": "○ hidden", "block": "✗ blocked"}
_NAMES, _LINES = 30, 9


def _bound(name: str, command: str) -> Binding:
    """A binding with the keys of an action of the registry, as set."""
    return Binding(BY_NAME[name].keys, command, show=False, id=name)


class ArtistDialog(Dialog):
    """Opens on a name; l, x and B judge the artist (again undoes it), a number goes to one of the nearest.

    Dismissed with the name to see related artists of, or None.
    """

    NAME: ClassVar[str] = "artist"
    _panel = getters.query_one(VerticalScroll)
    _heading = getters.query_one(".title", Static)
    _body = getters.query_one("#card", Static)
    _hint = getters.query_one(".hint", Static)
    DEFAULT_CSS = "ArtistDialog .hint { margin: 0 0 1 0; }"
    BINDINGS: ClassVar[list[Any]] = [
        _bound("discover.like", "judge('like')"),
        _bound("discover.hide", "judge('hide')"),
        _bound("discover.block", "judge('block')"),
        _bound("discover.related", "related"),
        _bound("discover.add_to", "add_to"),
        _bound("discover.mix", "mix"),
        _bound("lists.open", "open"),
        _bound("lists.play_next", "play_next"),
        _bound("undo", "undo"),
        _bound("retry", "retry"),
        *bindings_too("queue", "settings", "search", "import"),
        Binding("enter", "related", show=False, tooltip="Similar artists."),
        Binding("backspace,left", "back", show=False, tooltip="Back to the artist before."),
        *(
            Binding(str(n), f"similar({n})", show=False, tooltip="The similar artist of that number.")
            for n in range(1, 6)
        ),
        Binding("j,down", "scroll(1)", show=False, tooltip="Scroll down."),
        Binding("k,up", "scroll(-1)", show=False, tooltip="Scroll up."),
        Binding("q", "dismiss(None)", show=False, tooltip="Close."),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._trail = [name]
        self._card: ArtistCard | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="panel"):
            yield Static(shown(self._trail[-1]), classes="title", markup=False)
            # Above the card, since a low terminal shows only its beginning.
            yield Static("esc close", classes="hint", markup=False)
            card = Static("… Loading", id="card", markup=False)
            card.auto_links = False  # the nearest are lines, not links
            yield card

    def on_mount(self) -> None:
        self.shell.library_signal.subscribe(self, lambda _: self._ask())
        # Earlier changes are not undone from this page.
        self._made = self.shell.changes.made
        self.watch(self.app, "undoable", self._undoable, init=False)
        self._ask()

    @on(Resize)
    def _resized(self) -> None:
        if self._card is not None:
            self._show(self._card)

    def _undoable(self) -> None:
        if self._card is not None:
            self._hint.update(Content(self._keys(self._card)))

    def _ask(self) -> None:
        """Ask for the card."""
        name, config = self._trail[-1], self.shell.preferences.config

        def question(session: Session) -> ArtistCard:
            from engine.recommend.settings import DiscoverSettings

            return session.artist_pages.of(name, config.for_discover(DiscoverSettings()))

        self.ask(question, self._show, group="card")

    def show_error(self, error: DiscoverError) -> None:
        """Show the error in the card's place."""
        self._card = None
        log = self.shell.folders.log
        where = f"\n\nThe log is {log}." if log.exists() and str(log) not in str(error) else ""
        words = f"{in_keys(str(error), self.shell.keymap)}{where}".split("\n")
        heading = Content.styled(f"✗ {shown(self._trail[-1])} can't be shown", "bold $error")
        self._body.update(Content.assemble(heading, "\n\n", "\n".join(map(shown, words))))
        keys = [*self.shell.keymap.hints({"retry": "retry"}), "esc close"]
        self._hint.update(Content("  ".join(self._with_way_back(keys))))

    def _show(self, card: ArtistCard) -> None:
        self._card = card
        self._heading.update(Content(shown(card.artist)))
        # The panel's width depends on its text; the screen's is known.
        self._body.update(drawn(card, max(24, min(80, self.size.width * 94 // 100 - 4))))
        self._hint.update(Content(self._keys(card)))

    def _with_way_back(self, keys: list[str]) -> list[str]:
        return [*keys[:-1], "← back", keys[-1]] if len(self._trail) > 1 else keys

    def _keys(self, card: ArtistCard) -> str:
        """The keys available for this artist."""
        undone = self.shell.changes.since(self._made)
        undo = {"undo": f"undo {shown(undone)}"} if undone else {}
        if card.verdict == "block":
            words = {"discover.block": "unblock"}
        else:
            words = {
                "discover.like": "unlike" if card.verdict == "like" else "like",
                "discover.hide": "unhide" if card.verdict == "hide" else "hide",
                "discover.block": "block",
                **({"discover.related": "related"} if card.near else {}),
                "discover.add_to": "add",
                "discover.mix": "mix",
                "lists.open": "open",
            }
        return "  ".join(self._with_way_back([*self.shell.keymap.hints(words | undo), "esc close"]))

    # -- doing -----------------------------------------------------------------------------------------

    def action_judge(self, verdict: str) -> None:
        """Like, hide or block, or undo that. The card reloads with every view, once it is done."""
        card = self._card
        if card is not None and (card.verdict != "block" or verdict == "block"):
            self.shell.changes.judge(None if card.verdict == verdict else verdict, [Music(card.artist)])

    def action_undo(self) -> None:
        """Undo a change made on this page."""
        self.shell.changes.undo(self._made)

    def action_retry(self) -> None:
        """Load again, and say so if nothing was shown."""
        if self._card is None:
            self._body.update("… Loading")
        self._ask()

    def action_similar(self, number: int) -> None:
        if self._card is not None and number <= len(self._card.near):
            self._trail.append(self._card.near[number - 1])
            self._ask()

    def action_back(self) -> None:
        if len(self._trail) > 1:
            self._trail.pop()
            self._ask()

    def action_related(self) -> None:
        if self._card is not None and self._card.near:
            self.dismiss(self._card.artist)

    def action_open(self) -> None:
        if self._card is not None and self._card.verdict != "block":
            self.shell.opening.open(Music(self._card.artist), self.shell.preferences.config)

    def action_play_next(self) -> None:
        if self._card is not None and self._card.verdict != "block":
            self.shell.opening.play_next(self.shell.preferences.config, [Music(self._card.artist)])

    def action_add_to(self) -> None:
        if self._card is not None and self._card.verdict != "block":
            from tuiapp.screens.add_to import ask_add_to, in_short, named

            chosen = [Music(self._card.artist)]
            ask_add_to(self.shell, in_short(chosen), named(chosen))

    def action_mix(self) -> None:
        if self._card is not None and self._card.verdict != "block":
            from tuiapp.screens.mix import mix_from

            mix_from(self, [Music(self._card.artist)])

    def action_scroll(self, by: int) -> None:
        self._panel.scroll_relative(y=by, animate=False)


def drawn(card: ArtistCard, width: int) -> Content:
    """The card in lines no wider than `width`."""
    played = card.played
    facts = [quantity(card.listeners, "listeners")] if card.listeners else []
    facts += [quantity(card.sessions, "sessions")] if card.sessions else []
    among = "of the artists you know" if card.of_taste or card.with_others else "in Discover"
    facts += [f"{ordinal(card.rank)} {among}"] if card.rank else []
    facts += [_VERDICTS[card.verdict]] if card.verdict else []
    rows = [Content.styled("  ".join(facts), "bold")] if facts else []
    if card.verdict == "block":
        rows.append(Content("Shown only here, never learned from."))
    if card.tags:
        rows.append(_muted(fitted(", ".join(shown(tag) for tag in card.tags), width).rstrip()))
    rows.append(Content(""))
    if played.plays:
        rows.append(Content(f"{quantity(played.plays, 'plays')}{when(played)}"))
        if len(played.by_year) > 1:
            years = list(played.by_year)
            curve = sparkline([float(n) for n in played.by_year.values()])
            rows.append(
                Content.assemble(
                    _muted(f"{years[0]} "), Content.styled(curve, "$text-accent"), _muted(f" {years[-1]}")
                )
            )
        rows += _bars("most played", [(title, n, f"{n:,}") for title, n in played.tracks], width)
    elif not card.with_others:
        rows.append(_muted("You haven't played this artist."))
    if card.with_others:
        rows.append(Content(f"{quantity(card.with_others, 'plays')} with others"))
    rows += _reasons(card, width)
    if card.note:
        rows += [Content(""), _muted(shown(card.note))]
    if card.near:
        heading = f"similar artists (1–{len(card.near)})" if len(card.near) > 1 else "similar artists (1)"
        rows += [Content(""), _muted(heading)]
        if card.near_note:
            rows.append(Content.styled(card.near_note, "$warning"))
        for number, name in enumerate(card.near, 1):
            line = Content.assemble(
                Content.styled(f"{number} ", "bold $text-accent"), fitted(shown(name), width - 2).rstrip()
            )
            rows.append(line.stylize(Style.from_meta({"@click": f"screen.similar({number})"})))
    return Content("\n").join(rows)


def when(played: PlayedArtist) -> str:
    """From when to when, or that it is unknown, to follow the number of plays."""
    if played.first is None:
        return ", undated"
    first, last = day(played.first), day(played.last)
    return f", {first}" if first == last else f", {first} to {last}"


def _reasons(card: ArtistCard, width: int) -> list[Content]:
    """What one's own artist counts towards, or why another one is recommended."""
    if not card.of_taste and card.tastes is not None:
        # As beside the list of Discover.
        single = card.tastes.of_single_items
        reasons = one_by_one(card.tastes, card.why, width, _LINES) if single else by_taste(card.tastes, width)
        return [Content(""), _muted("recommended because of"), *reasons]
    if not card.of_taste:
        return []
    words = f"{percent(card.of_taste)} of your taste, {percent(card.of_discover)} of Discover's ranking"
    lines = [(s.artist, s.share, percent(s.share)) for s in card.speaks_for]
    bars = _bars("counts most towards", lines, width)
    return [Content(""), Content(words), *bars[1:]]


def _bars(title: str, rows: list[tuple[str, float, str]], width: int) -> list[Content]:
    """A heading and one bar per row, or nothing."""
    if not rows:
        return []
    most = max(value for _, value, _ in rows) or 1.0
    names = min(_NAMES, width // 2)
    return [
        Content(""),
        _muted(title),
        *(
            Content.assemble(
                fitted(shown(name), names),
                " ",
                Content.styled(bar(value / most, max(4, width - names - 10)), "$text-accent"),
                f" {text:>7}",
            )
            for name, value, text in rows
        ),
    ]


def _muted(text: str) -> Content:
    return Content.styled(text, "$foreground-muted")
