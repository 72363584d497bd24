"""Contexts: a playlist for an activity, with its profile over time. A context is data of the engine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from engine.errors import DiscoverError, NothingFitsError, UsageError
from engine.wording import percent, quantity
from tuiapp.cells import fitted
from tuiapp.safe import shown
from tuiapp.screens import own_contexts
from tuiapp.screens.acting import NOTHING_LISTED
from tuiapp.screens.context_profile import profile
from tuiapp.screens.dialogs import AskText
from tuiapp.screens.export import ask_export
from tuiapp.screens.view import View
from tuiapp.text import duration, tempo
from tuiapp.widgets.columns import Column
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table

if TYPE_CHECKING:
    from engine.playlists.contexts import Context, Settings
    from engine.playlists.playlist import ContextPlaylist, PlaylistTrack
    from engine.playlists.routine_contexts import OwnContext
    from engine.session import Session
    from engine.session.playlists import PlaylistEdit

# A pause this long starts a new count of taps.
_TAP_PAUSE = 2.0


class ContextsView(View):
    """The playlist for a context, chosen by c."""

    NAME: ClassVar[str] = "contexts"
    ORDERED: ClassVar[bool] = True
    _table: getters.query_one[Table[PlaylistTrack]] = getters.query_one(Table)
    _profile = getters.query_one("#profile", Static)
    _wishes_line = getters.query_one("#wishes", Static)
    _notes = getters.query_one("#notes", Static)

    def __init__(self) -> None:
        super().__init__()
        self._doing = "running"
        # The dials of each context.
        self._wishes: dict[str, dict[str, float]] = {}
        self._measure = ""
        # The contexts found in the history, once loaded.
        self._found: dict[str, OwnContext] = {}
        # The context of the current list, as it was then.
        self._asked_about: Context | None = None
        self._made: ContextPlaylist | None = None
        self._taps: list[float] = []

    def compose_body(self) -> ComposeResult:
        yield Static(id="wishes")
        yield Static(id="profile", classes="body")
        yield Table["PlaylistTrack"](
            (
                Column("", lambda row: "" if row.known else "new", 3, order=lambda row: row.known),
                Column(
                    "artist", lambda row: row.artist, 14, share=2, order=lambda row: row.artist.casefold()
                ),
                Column("track", lambda row: row.track, 16, share=3, order=lambda row: row.track.casefold()),
                Column(
                    "bpm",
                    lambda row: tempo(row.bpm, row.factor),
                    9,
                    right=True,
                    accent=True,
                    order=lambda row: -(row.bpm or 0),
                ),
                Column("tempo from", _tempo_from, 16, share=1, least=110, order=_tempo_from),
                Column(
                    "length",
                    lambda row: ("~" if row.seconds_estimated else "") + duration(row.seconds),
                    6,
                    right=True,
                    order=lambda row: -(row.seconds or 0),
                ),
            ),
            key=lambda row: f"{row.artist}\x1f{row.track}",
            words=lambda row: f"{row.artist} {row.track}",
        ).add_class("body")
        yield Notice()
        yield Static(id="notes", classes="body")

    @property
    def _chosen(self) -> Context:
        """The current context, by the current settings."""
        from engine.playlists.contexts import CONTEXTS

        own = self._found.get(self._doing)
        usual = own.context if own is not None else CONTEXTS["running"]
        return self.shell.preferences.config.contexts.get(self._doing, usual)

    def _asked(self, **changes: float) -> Settings:
        """The settings by its dials. Raises UsageError for invalid ones, and for a dial it does not have."""
        wishes = self._wishes.get(self._chosen.name, {}) | changes
        whole: dict[str, Any] = {
            name: int(value) if name == "seed" else value for name, value in wishes.items()
        }
        return self._chosen.settings(**whole)

    def load(self) -> None:
        context, settings = self._chosen, self._asked()
        self._asked_about = context
        only = self.shell.preferences.config.discover["from_library"]
        self._show_wishes()

        def question(session: Session) -> ContextPlaylist:
            return session.playlists.make(context, settings, from_library=only)

        self.ask(question, self._show, group="list")

    def settings_changed(self) -> None:
        super().settings_changed()
        # In the current settings it may have changed, or be gone.
        if self._asked_about not in (None, self._chosen):
            self._take(self._chosen.name)

    def _saved(self, saved: PlaylistEdit) -> None:
        name = saved.name
        self.notify(
            f"Saved as {shown(name)}. Find it in Playlists ({self.key('view_playlists')}).", markup=False
        )
        self.shell.library_changed("playlists")
        self.shell.changes.remember(
            f"saving {name}", lambda: self.shell.changes.make(lambda s: s.playlists.restore(saved))
        )

    def show_error(self, error: DiscoverError) -> None:
        super().show_error(error)
        self._made = None
        self._show_wishes()
        if isinstance(error, NothingFitsError):
            self.set_state("empty", "No matching tracks", f"{self.in_keys(error)}\n\n{self._another}.")

    @property
    def _another(self) -> str:
        return f"Press {self.key('contexts.pick_context')} for another context"

    def _show(self, made: ContextPlaylist) -> None:
        first_time = self._made is None
        self._made = made
        known = "a tempo" if made.measured == "tempo" else f"a known {made.measured}"
        self.set_status(f"{percent(made.coverage)} of {quantity(made.pool, 'tracks')} have {known}")
        self.set_state(
            "" if made.tracks else "empty",
            "No matching tracks",
            f"{self.in_keys(made.notes[0])}\n\n{self._another}, "
            f"{self.key('contexts.newness_plus')} for more new music."
            if made.notes
            else "",
        )
        table = self._table
        table.show(made.tracks)
        if first_time:
            self.focus_list(table)
        self._show_wishes()
        self._draw_profile()
        own = self._found.get(self._doing)
        notes = [*([own.in_words] if own is not None else []), *made.notes]
        self._notes.update(Content("\n".join(shown(self.in_keys(note)) for note in notes)))
        self.listed()

    def _show_wishes(self) -> None:
        context, wish = self._chosen, self._asked()
        length = (
            f"{duration(self._made.seconds)}, {quantity(len(self._made.tracks), 'tracks')}"
            if self._made
            else ""
        )
        gap = "   " if self.size.width >= 66 else "  "
        parts: list[Content] = [Content.styled(fitted(shown(context.title), 20).rstrip(), "bold")]
        if context.tempo:
            unit = "spm" if context.eases else "bpm"
            parts.append(Content.assemble(Content.styled(f"{wish.bpm:.0f}", "bold $text-accent"), f" {unit}"))
        parts.append(Content(f"{wish.minutes:.0f} min"))
        if context.eases:
            parts += [Content(f"warm-up {wish.warm_up:.0f}"), Content(f"cool-down {wish.cool_down:.0f}")]
        parts.append(Content(f"{percent(wish.new)} new"))
        asks = shown(context.asks) if self.size.width >= 66 else ""
        below = gap.join(filter(None, (length, asks)))
        self._wishes_line.update(
            Content.assemble(Content(gap).join(parts), "\n", Content.styled(below, "$foreground-muted"))
        )

    def _draw_profile(self) -> None:
        """Draw the requested curve as dots, each track's value as a block over its time."""
        made, panel = self._made, self._profile
        if made is None or not made.tracks or not made.curves:
            panel.update("")
            return
        measures = [curve.measure for curve in made.curves]
        measure = self._measure if self._measure in measures else measures[0]
        panel.update(profile(made, measure, max(20, self.size.width - 8)))

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_wishes)
        self.call_after_refresh(self._draw_profile)

    # -- which context ---------------------------------------------------------------------------------

    def action_pick_context(self) -> None:
        """Choose a context, including those found in the history."""
        from tuiapp.screens.pick import Choice
        from tuiapp.screens.typed_list import choose

        known = self.shell.preferences.config.contexts
        found: dict[str, OwnContext] = {}

        def choices(session: Session) -> list[Choice]:
            found.update(
                (own.context.name, own) for own in session.routines.all() if own.context.name not in known
            )
            contexts = [*known.values(), *(own.context for own in found.values())]
            return [Choice(context.name, context.title, context.asks) for context in contexts]

        def take(name: str) -> None:
            self._found = found
            self._take(name)

        choose(self.shell, "Context", choices, self._chosen.name, take)

    def _take(self, name: str) -> None:
        self._doing, self._made = name, None
        try:
            self._asked()
        except UsageError:
            # It was changed, and its dials are invalid now.
            self._wishes.pop(name, None)
        self.load()

    def action_next_panel(self) -> None:
        """Draw the context's next measure."""
        measures = self._chosen.measures
        if self.says_nothing_is_listed():
            return
        if not measures:
            self.remark(f"{self._chosen.title} has no profile.")
            return
        if len(measures) == 1:
            self.remark(f"{self._chosen.title} has one profile.")
        now = self._measure if self._measure in measures else measures[0]
        self._measure = measures[(measures.index(now) + 1) % len(measures)]
        self._draw_profile()

    def action_new(self) -> None:
        """Save the settings as a context of one's own, or change one."""
        context, settings = self._chosen, self._asked()

        def submit(text: str, dialog: AskText) -> None:
            name = own_contexts.keep(self.shell, text, context, settings, dialog)
            if name is not None:
                self._wishes.pop(name, None)
                dialog.accept()
                self._take(name)

        self.app.push_screen(AskText("Keep these settings as a context", submit, context.title))

    def action_remove(self) -> None:
        """Remove a context of one's own."""
        context = self._chosen
        if not own_contexts.remove(self.shell, context):
            self.remark(f"{context.title} is not yours to remove: {self.key('contexts.new')} makes one.")

    # -- dials ----------------------------------------------------------------------------------------

    def _wish(self, **changes: float) -> None:
        try:
            if self._asked(**changes) == self._asked():
                self.remark("Already at that end.")
                return
        except UsageError as error:
            self.notify(str(error), severity="warning", markup=False)
            return
        self._wishes.setdefault(self._chosen.name, {}).update(changes)
        self.load()

    def _by(self, name: str, by: float) -> None:
        self._wish(**{name: round(getattr(self._asked(), name) + by, 2)})

    def action_bpm(self, by: int) -> None:
        self._by("bpm", by)

    def action_minutes(self, by: int) -> None:
        self._by("minutes", by)

    def action_warm_up(self, by: int) -> None:
        value = max(0.0, self._asked().warm_up + by)
        self._wish(warm_up=value, cool_down=value)

    def action_newness(self, by: float) -> None:
        self._wish(new=round(max(0.0, min(1.0, self._asked().new + by)), 2))

    def action_shuffle(self) -> None:
        if self.says_nothing_is_listed():
            return
        self._by("seed", 1)

    def action_tap(self) -> None:
        """Two taps set a tempo; more make it more precise."""
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

    # -- saving ---------------------------------------------------------------------------------------

    def action_save(self) -> None:
        made = self._made
        if made is None or not made.tracks:
            self.remark(NOTHING_LISTED)
            return

        def save(text: str, dialog: AskText) -> None:
            def saved(edit: PlaylistEdit) -> None:
                dialog.accept()
                self._saved(edit)

            dialog.ask_each(lambda session: session.playlists.save(text, made), saved, group="save")

        self.app.push_screen(AskText("Save as playlist", save, self._name_of(made)))

    def action_export(self) -> None:
        made = self._made
        if made is not None and made.tracks:
            ask_export(self.shell, self._name_of(made), lambda _session: made.tracks)
        else:
            self.remark(NOTHING_LISTED)

    @staticmethod
    def _name_of(made: ContextPlaylist) -> str:
        """The default name of the playlist."""
        return f"{made.title} {made.settings.bpm:.0f}" if made.profile.tempo else made.title

    def remembered(self) -> dict[str, Any]:
        return super().remembered() | {"context": self._doing, "wishes": self._wishes}

    def recall(self, state: dict[str, Any]) -> None:
        super().recall(state)
        contexts = self.shell.preferences.config.contexts
        if state.get("context") in contexts:
            self._doing = state["context"]
        wishes = state.get("wishes")
        for name, wish in wishes.items() if isinstance(wishes, dict) else ():
            if name in contexts and isinstance(wish, dict):
                self._wishes[name] = wish
                if not self._usable(name):
                    del self._wishes[name]

    def _usable(self, name: str) -> bool:
        """Whether a context's dials are still valid."""
        wish = self._wishes[name]
        if not all(isinstance(value, int | float) for value in wish.values()):
            return False
        try:
            self.shell.preferences.config.contexts[name].settings(**wish)
        except (UsageError, TypeError):
            return False
        return True


def _tempo_from(row: PlaylistTrack) -> str:
    return row.bpm_source or ""
