"""Contexts: a playlist for what one is doing, its tempo drawn over time. A context is data of the engine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from engine.wording import percent, quantity
from tuiapp.safe import shown
from tuiapp.screens.dialogs import AskText
from tuiapp.screens.export import ask_export
from tuiapp.screens.view import View
from tuiapp.text import duration
from tuiapp.widgets.columns import Column
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.playlists.contexts import Settings
    from engine.playlists.playlist import ContextPlaylist, PlaylistTrack
    from engine.playlists.saved import SavedPlaylist
    from engine.session import Session

PROFILE_ROWS = 4
# A pause this long starts a new count of taps.
_TAP_PAUSE = 2.0


class ContextsView(View):
    """The running playlist, and others once there are any."""

    NAME: ClassVar[str] = "contexts"
    _table: getters.query_one[Table[PlaylistTrack]] = getters.query_one(Table)
    _profile = getters.query_one("#profile", Static)
    _wishes_line = getters.query_one("#wishes", Static)
    _notes = getters.query_one("#notes", Static)

    def __init__(self) -> None:
        super().__init__()
        self._doing = "running"
        self._wishes: dict[str, float] = {}
        self._made: ContextPlaylist | None = None
        self._taps: list[float] = []

    def compose_body(self) -> ComposeResult:
        yield Static(id="wishes")
        yield Static(id="profile", classes="body")
        yield Table["PlaylistTrack"](
            (
                Column("", lambda row: "" if row.known else "new", 3, order=lambda row: row.known),
                Column("artist", lambda row: row.artist, 14, share=2, order=lambda row: row.artist.casefold()),
                Column("track", lambda row: row.track, 16, share=3, order=lambda row: row.track.casefold()),
                Column("bpm", _bpm, 9, right=True, accent=True, order=lambda row: -(row.bpm or 0)),
                Column("length", lambda row: ("~" if row.seconds_estimated else "") + duration(row.seconds), 6,
                       right=True, order=lambda row: -(row.seconds or 0)),
            ),
            key=lambda row: f"{row.artist}\x1f{row.track}",
            words=lambda row: f"{row.artist} {row.track}",
        ).add_class("body")  # fmt: skip
        yield Notice()
        yield Static(id="notes", classes="body")

    def load(self) -> None:
        from engine.playlists.contexts import context_named

        context, wishes = self._doing, dict(self._wishes)
        only = self.app.preferences.config.discover["from_library"]
        self._show_wishes()

        def question(session: Session) -> ContextPlaylist:
            return session.playlists.make(
                context_named(context), _settings(context, wishes), from_library=only
            )

        self.ask(question, self._show, group="list")

    def _saved(self, saved: SavedPlaylist) -> None:
        name = saved.name
        self.notify(
            f"Saved as {shown(name)}. Find it in Playlists ({self.key('view_playlists')}).", markup=False
        )
        self.app.library_changed("playlists")
        self.app.changes.remember(
            f"saving {name}", lambda: self.app.changes.make(lambda s: s.playlists.remove(name))
        )

    def _show(self, made: ContextPlaylist) -> None:
        first_time = self._made is None
        self._made = made
        self.set_status(f"{percent(made.coverage)} of {quantity(made.pool, 'tracks')} have a tempo")
        self.set_state(
            "" if made.tracks else "empty",
            "No matching tracks",
            f"Press {self.key('contexts.bpm_minus')} or {self.key('contexts.bpm_plus')} for another tempo, "
            f"{self.key('contexts.new_plus')} for more new music.",
        )
        table = self._table
        table.show(made.tracks)
        if first_time:
            self.focus_list(table)
        self._show_wishes()
        self._draw_profile()
        self._notes.update(Content("\n".join(shown(self.in_keys(note)) for note in made.notes)))
        self.listed()

    def _show_wishes(self) -> None:
        wish = _settings(self._doing, self._wishes)
        length = (
            f"{duration(self._made.seconds)}, {quantity(len(self._made.tracks), 'tracks')}"
            if self._made
            else ""
        )
        # What it is for stands on the tab: where there is little room the figures go before it.
        gap, heading = ("   ", "Running   ") if self.size.width >= 66 else ("  ", "")
        self._wishes_line.update(
            Content.assemble(
                Content.styled(heading, "bold"),
                Content.styled(f"{wish.bpm:.0f}", "bold $text-accent"), f" spm{gap}",
                gap.join([f"{wish.minutes:.0f} min", f"warm-up {wish.warm_up:.0f}",
                          f"cool-down {wish.cool_down:.0f}", f"{percent(wish.new)} new"]),
                "\n", Content.styled(length, "$foreground-muted"),
            )
        )  # fmt: skip

    def _draw_profile(self) -> None:
        """Wanted tempo as a line of dots, each track's tempo as a block over the time it plays."""
        made, panel = self._made, self._profile
        width = max(20, self.size.width - 8)
        if made is None or not made.tracks:
            panel.update("")
            return
        panel.update(profile(made, width))

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_wishes)
        self.call_after_refresh(self._draw_profile)

    # -- wishes ----------------------------------------------------------------------------------------

    def _wish(self, **changes: float) -> None:
        from engine.errors import UsageError

        try:
            _settings(self._doing, self._wishes | changes)
        except UsageError as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        self._wishes |= changes
        self.load()

    def _by(self, name: str, by: float) -> None:
        now = getattr(_settings(self._doing, self._wishes), name)
        self._wish(**{name: round(now + by, 2)})

    def action_bpm(self, by: int) -> None:
        self._by("bpm", by)

    def action_minutes(self, by: int) -> None:
        self._by("minutes", by)

    def action_warm_up(self, by: int) -> None:
        wish = _settings(self._doing, self._wishes)
        value = max(0.0, wish.warm_up + by)
        self._wish(warm_up=value, cool_down=value)

    def action_new(self, by: float) -> None:
        wish = _settings(self._doing, self._wishes)
        self._wish(new=round(max(0.0, min(1.0, wish.new + by)), 2))

    def action_shuffle(self) -> None:
        self._by("seed", 1)

    def action_tap(self) -> None:
        """Two taps are a tempo; more make it surer."""
        now = time.monotonic()
        if self._taps and now - self._taps[-1] > _TAP_PAUSE:
            self._taps.clear()
        self._taps = [*self._taps, now][-12:]
        if len(self._taps) >= 4:
            bpm = 60.0 * (len(self._taps) - 1) / (self._taps[-1] - self._taps[0])
            self._wish(bpm=float(round(bpm)))
        else:
            self.notify(f"Tap {4 - len(self._taps)} more.", timeout=1.5)

    @on(Table.Clicked)
    def _clicked(self) -> None:
        self.action_artist()

    # -- keeping ---------------------------------------------------------------------------------------

    def action_save(self) -> None:
        made = self._made
        if made is None or not made.tracks:
            return
        name = f"{made.title} {made.settings.bpm:.0f}"

        def save(text: str, dialog: AskText) -> None:
            def saved(playlist: SavedPlaylist) -> None:
                dialog.accept()
                self._saved(playlist)

            dialog.ask(lambda session: session.playlists.save(text, made), saved, group="save", writes=True)

        self.app.push_screen(AskText("Save as playlist", save, name))

    def action_export(self) -> None:
        made = self._made
        if made is not None and made.tracks:
            ask_export(self.app, f"{made.title} {made.settings.bpm:.0f}", lambda _session: made.tracks)

    def remembered(self) -> dict[str, Any]:
        return super().remembered() | {"wishes": self._wishes}

    def recall(self, state: dict[str, Any]) -> None:
        super().recall(state)
        wishes = state.get("wishes")
        if isinstance(wishes, dict) and all(isinstance(value, int | float) for value in wishes.values()):
            from engine.errors import UsageError

            try:
                _settings(self._doing, wishes)
            except (UsageError, TypeError):
                return
            self._wishes = wishes


def _settings(context: str, wishes: dict[str, float]) -> Settings:
    from engine.playlists.contexts import context_named

    whole: dict[str, Any] = {name: int(value) if name == "seed" else value for name, value in wishes.items()}
    return context_named(context).settings(**whole)


def _bpm(row: PlaylistTrack) -> str:
    if row.bpm is None:
        return ""
    times = {0.5: " ½", 2.0: " ×2"}.get(row.factor or 1.0, "")
    return f"{row.bpm:.0f}{times}"


def profile(made: ContextPlaylist, width: int) -> Content:
    """Rows of what tempo was asked for over time (dots) and what each track runs at (blocks), and the time below.

    The first row's label is the highest tempo drawn, the last one's the lowest.
    """
    total = max(made.seconds, 1.0)
    tempo = made.profile.tempo
    wanted = [tempo.at(total * (cell + 0.5) / width) if tempo else 0.0 for cell in range(width)]
    played = []
    starts, at = [], 0.0
    for track in made.tracks:
        starts.append((at, (track.bpm or 0.0) * (track.factor or 1.0)))
        at += track.seconds or 0.0
    for cell in range(width):
        moment = total * (cell + 0.5) / width
        played.append(next(tempo for start, tempo in reversed(starts) if start <= moment))
    low = min(*wanted, *played) - 3
    high = max(*wanted, *played) + 3
    rows = []
    for row in range(PROFILE_ROWS):
        top = high - (high - low) * row / PROFILE_ROWS
        bottom = high - (high - low) * (row + 1) / PROFILE_ROWS
        label = {0: f"{high:4.0f} ", PROFILE_ROWS - 1: f"{low:4.0f} "}.get(row, "     ")
        line: list[Content | str] = [Content.styled(label, "$foreground-muted")]
        for cell in range(width):
            if bottom < played[cell] <= top:
                eighth = int((played[cell] - bottom) / (top - bottom) * 7.99)
                line.append(Content.styled("▁▂▃▄▅▆▇█"[eighth], "$text-accent"))
            elif bottom < wanted[cell] <= top:
                line.append(Content.styled("·", "$foreground-muted"))
            else:
                line.append(" ")
        rows.append(Content.assemble(*line))
    end = duration(total)
    rows.append(Content.styled(f"     {'0:00':<{max(4, width - len(end))}}{end}", "$foreground-muted"))
    return Content("\n").join(rows)
