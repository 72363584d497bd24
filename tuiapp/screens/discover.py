"""Discover: the list, the dials above it, and beside it why."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from engine.errors import DiscoverError, NothingYetError
from tuiapp.dates import period
from tuiapp.exporting import ask_export
from tuiapp.opening import Music
from tuiapp.reports import first_steps, no_tracks, untrained
from tuiapp.safe import shown
from tuiapp.screens.dials import ONE_LINE, ROOM_FOR_COUNT, Dials
from tuiapp.screens.discover_table import WITH_TRACK, DiscoverTable
from tuiapp.screens.view import View
from tuiapp.text import age
from tuiapp.widgets.notice import Notice
from tuiapp.widgets.table import Table
from tuiapp.widgets.why import Waiting, WhyPanel

if TYPE_CHECKING:
    from engine.names import Level
    from engine.recommend.lists import DiscoverList, Explanation
    from engine.recommend.settings import DiscoverSettings
    from engine.session import Status

LENGTH = 200
# Seconds the cursor stays before its row is explained.
RESTED = 0.06


def _short(name: str) -> str:
    """An artist's name, or of a track's the title."""
    from engine.names import SEPARATOR

    return name.rpartition(SEPARATOR)[2]


class DiscoverView(View):
    """What to listen to next."""

    NAME: ClassVar[str] = "discover"

    def __init__(self) -> None:
        super().__init__()
        self._dials = Dials()
        self._without: tuple[str, ...] = ()
        # One of the person's tastes, by number and name; null for all of them.
        self._taste: tuple[int, str] | None = None
        # The date the list is as of, as `tuiapp.dates` writes it; empty for now.
        self._as_of = ""
        # The name of the times of the week it is of; empty for all.
        self._times = ""
        self._level: Level = "artists"
        self._noted = False
        # Whether the next list is another one altogether: the cursor goes to its top.
        self._from_top = False
        self._list: DiscoverList | None = None
        self._error: DiscoverError | None = None
        self._welcomes = False
        self._tracks_asked = False

    def compose_body(self) -> ComposeResult:
        yield Static(id="dials")
        with Container(id="body", classes="body"):
            yield DiscoverTable()
            yield WhyPanel(id="why")
        yield Notice()

    def _ask_tracks(self) -> None:
        """The tracks to begin with, once a list, and only where their column is shown."""
        if (
            self._list is None
            or self._tracks_asked
            or self._level == "tracks"
            or self.query_one("#artists", Table).size.width < WITH_TRACK
        ):
            return
        self._tracks_asked = True
        artists = [(item.artist, item.key) for item in self._list.items]
        self.ask("tracks", lambda session: session.first_tracks(artists))

    @on(Table.Resized)
    def _resized(self) -> None:
        self._ask_tracks()

    # -- loading ---------------------------------------------------------------------------------------

    def load(self) -> None:
        settings = self._settings()
        self.ask("list", lambda session: session.discover(settings))

    def _settings(self) -> DiscoverSettings:
        return self._asked(self._taste[0] if self._taste else None)

    def _asked(self, taste: int | None) -> DiscoverSettings:
        """What the dials, the settings, the date and the kind of list ask for, of one taste or of all."""
        asked = self._dials.settings(LENGTH, self._without, taste, self._level)
        return self._at_date(self.home.preferences.config.for_discover(asked))

    @on(View.Loaded)
    def _loaded(self, message: View.Loaded) -> None:
        if message.what == "list":
            self._show_list(message.result)
        elif message.what == "turning":
            self._show_list(message.result, turning=True)
            self.load()
        elif message.what == "tastes":
            self._show_next_taste(message.result)
        elif message.what == "tracks":
            table = self.query_one(DiscoverTable)
            table.tracks = message.result
            table.refresh()
        elif message.what == "why":
            self._show_why(message.result)
        elif message.what == "status":
            self._show_first_steps(message.result)

    def _show_list(self, found: DiscoverList, *, turning: bool = False) -> None:
        self._list, self._welcomes = found, False
        self._dials.measured = found.half_life
        source = "solo: your own sessions"
        if not found.solo:
            from engine.session import Session

            old = age(found.trained, Session.today())
            source = f"{found.listeners:,} listeners · {old if old == 'today' else f'{old} old'}"
        if found.resting:
            source = f"{found.resting} resting · {source}"
        if self._as_of:
            source = f"{sum(bool(row.later) for row in found.items)} of {len(found.items)} played later"
        self.set_aside(source)
        table = self.query_one(DiscoverTable)
        table.best = max((row.score for row in found.items), default=1.0) or 1.0
        table.show_as(of_tracks=self._level == "tracks", earlier=bool(self._as_of))
        first_time = not table.counts[1]
        if found.items:
            self.tell("")
        table.show(found.items, cursor_key=self.home.recall_cursor(self.NAME) if first_time else None)
        if first_time or self.focused is None:  # a notice may have stood in its place
            self.focus_list(table)
        if self._from_top:
            self._from_top = False
            table.move_to(0)
        if not found.items and len(found.notes) > 1:
            self.tell("empty", "Nothing to bring back", found.notes[-1])
        elif not found.items:
            self.tell(
                "empty",
                "Nothing to show at these dials",
                f"Press {self.key('discover.reset_dials')} to set them back.",
            )
        self._show_dials()
        self.listed()
        # Who looks at an earlier list has not seen today's, also where it comes late.
        earlier = self._as_of or any(row.later is not None for row in found.items)
        if not (turning or self._noted or earlier):
            self._noted = True
            self._note_seen(found)
        if not turning:
            self._tracks_asked = False
            self._ask_tracks()
        if found.notes and first_time:
            self.notify(found.notes[0], title="Solo mode", timeout=12, markup=False)

    def _note_seen(self, found: DiscoverList) -> None:
        """What stands on the first page is what a person sees, and may ignore."""
        seen = [item.key for item in found.items[: self.size.height] if not item.known]
        self.ask("seen", lambda session: session.note_shown(seen), writes=True)

    def _when(self) -> str:
        """The times of the week that are looked at, in words."""
        from engine.taste.window import context_named

        return context_named(self._times).words

    def _show_dials(self) -> None:
        count = f"{len(self._list.items)} of {self._list.catalog:,}" if self._list else ""
        if self.size.width < (
            ONE_LINE if self._taste or self._without or self._as_of or self._times else ROOM_FOR_COUNT
        ):
            # What is left out of the list matters more than how long it is.
            count = ""
        without = f"without {', '.join(map(_short, self._without))}" if self._without else ""
        if self._taste:
            without = f"taste {self._taste[1]}  {without}".rstrip()
        if self._as_of:
            without = f"as of {self._as_of}  {without}".rstrip()
        if self._times:
            without = f"{self._when()}  {without}".rstrip()
        self.query_one("#dials", Static).update(
            self._dials.drawn(
                self.size.width,
                Content.styled(shown(without) + "  " if without else "", "$warning"),
                Content.styled(count, "$foreground-muted"),
            )
        )

    @on(Table.Highlighted)
    def _highlighted(self, message: Table.Highlighted) -> None:
        row, settings, panel = message.row, self._settings(), self.query_one(WhyPanel)
        if row is None:
            panel.show(None)
            return
        # Another's reasons would be read as this one's.
        if panel.told_of != (row.artist, row.track):
            panel.show(Waiting(row.artist, track=row.track))

        async def rested() -> None:
            # Reasons of rows that are passed by are worked out for nobody, and slow the keys that pass them.
            await asyncio.sleep(RESTED)
            self.ask("why", lambda session: session.explain(row.artist, settings, row.track))

        self.run_worker(rested, exclusive=True, group="discover.rested")

    def _show_why(self, told: Explanation) -> None:
        """Reasons that come after the cursor went on are of no row that is looked at."""
        row = self.query_one("#artists", Table).row
        if row is not None and (row.artist, row.track) == (told.artist, told.track):
            self.query_one(WhyPanel).show(told)

    def show_error(self, what: str, error: DiscoverError) -> None:
        """With nothing to show yet, the first steps stand here: every key they name works."""
        if what == "list" and self._times and isinstance(error, NothingYetError):
            self._show_dials()
            self.tell(
                "empty",
                f"Nothing to go by: {self._when()}",
                f"Press {self.key('discover.next_context')} for other times, "
                f"{self.key('discover.reset_dials')} for all.",
            )
        elif what == "list" and self._as_of and isinstance(error, NothingYetError):
            self._show_dials()
            self.tell(
                "empty",
                f"Nothing to go by as of {self._as_of}",
                f"Press {self.key('discover.travel')} for another date, {self.key('discover.reset_dials')} for now.",
            )
        elif what == "list" and isinstance(error, NothingYetError):
            self.ask("status", lambda session: session.status())
            self._error = error
        elif what == "why":
            row = self.query_one("#artists", Table).row
            if row is not None:
                self.query_one(WhyPanel).show(
                    Waiting(row.artist, f"✗ {error} {self.key('retry')} tries again.", row.track)
                )
        else:
            super().show_error(what, error)

    def _show_first_steps(self, status: Status) -> None:
        self._welcomes = not status.listens
        self.set_aside("")
        if status.listens and status.model is None and self._level == "artists":
            self.tell("empty", "Your music is here", untrained(status, self.home.keymap))
        elif status.listens and self._level == "tracks" and status.track_model is None:
            self._list = None
            self._show_dials()
            self.tell("empty", "No tracks to recommend yet", no_tracks(status, self.home.keymap))
        elif status.listens:
            self.tell("empty", "Nothing here yet", self.missing(self._error) if self._error else "")
        else:
            self.tell("empty", "Welcome to discover", first_steps(self.home.keymap))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The sample is offered to who has nothing here yet."""
        return self._welcomes if action == "demo" else super().check_action(action, parameters)

    def action_demo(self) -> None:
        self.home.jobs.start_demo()

    # -- dials -----------------------------------------------------------------------------------------

    def action_turn(self, name: str, by: float) -> None:
        self._dials.turn(name, by)
        self._show_dials()
        settings = self._settings()
        # First the order, then the reasons: those of two hundred lines take longer than a key is held.
        self.ask("turning", lambda session: session.discover(settings, reasons=False))

    def action_reset_dials(self) -> None:
        self._dials, self._without, self._taste, self._as_of, self._times = Dials(), (), None, "", ""
        self.load()

    def action_switch_level(self) -> None:
        from engine.names import SEPARATOR

        before = self._level, self._taste, self._without
        # Of artists no single track is left out.
        artists = tuple(name for name in self._without if SEPARATOR not in name)
        self._set_level("artists" if self._level == "tracks" else "tracks", None, artists)
        self.home.changes.remember(f"listing {self._level}", lambda: self._set_level(*before))

    def _set_level(self, level: Level, taste: tuple[int, str] | None, without: tuple[str, ...]) -> None:
        # Tastes of tracks have other numbers than those of artists.
        self._level, self._taste, self._without = level, taste, without
        self._from_top, self._noted = True, False
        self.load()

    def action_next_taste(self) -> None:
        settings = self._asked(None)
        self.ask("tastes", lambda session: [mode.name for mode in session.modes(settings)])

    def _show_next_taste(self, names: list[str]) -> None:
        number = self._taste[0] if self._taste else 0
        if len(names) < 2:
            self.notify("Your artists are one taste: nothing sets some of them clearly apart.", markup=False)
        self._taste = (number + 1, names[number]) if 1 < len(names) > number else None
        self.load()

    def show_taste(self, number: int, name: str) -> None:
        """Recommend for one taste alone, one of those there are now."""
        self._taste, self._as_of, self._level = (number, name), "", "artists"
        self.load()

    # -- time travel -----------------------------------------------------------------------------------

    def _at_date(self, settings: DiscoverSettings) -> DiscoverSettings:
        """The settings at the date, and at the times of the week, that are looked at."""
        if self._times:
            from engine.taste.window import context_named

            window = replace(settings.window, context=context_named(self._times))
            settings = replace(settings, window=window)
        return settings.as_of(period(self._as_of)[1]) if self._as_of else settings

    def action_next_context(self) -> None:
        from engine.taste.window import CONTEXTS

        names = ["", *(context.name for context in CONTEXTS)]
        before = self._times, self._taste
        self._set_times(names[(names.index(self._times) + 1) % len(names)], None)
        self.home.changes.remember("times of the week", lambda: self._set_times(*before))

    def _set_times(self, name: str, taste: tuple[int, str] | None) -> None:
        # Tastes of other times have other numbers.
        self._times, self._taste, self._from_top = name, taste, True
        self.load()

    def action_travel(self) -> None:
        from tuiapp.screens.as_of import AskDate

        self.app.push_screen(
            AskDate(self._as_of), lambda text: None if text is None else self.show_as_of(text)
        )

    def show_as_of(self, date: str) -> None:
        """Discover as of a date, for all tastes: at another time they have other numbers."""
        before = self._as_of, self._taste
        if date != self._as_of:
            self._set_as_of(date, None)
            words = f"as of {date}" if date else "back to now"
            self.home.changes.remember(words, lambda: self._set_as_of(*before))

    def _set_as_of(self, date: str, taste: tuple[int, str] | None) -> None:
        self._as_of, self._taste, self._from_top = date, taste, True
        self.load()

    # -- what if ---------------------------------------------------------------------------------------

    def action_without(self) -> None:
        row = self.query_one("#artists", Table).row
        if row is None or not row.why:
            return
        from engine.names import track_name

        before, reason = self._without, row.why[0]
        self._without = (*before, track_name(reason.artist, reason.track) if reason.track else reason.artist)
        words = f"without {reason.track or reason.artist}"
        self.home.changes.remember(words, lambda: self._set_without(before))
        self.load()

    def _set_without(self, names: tuple[str, ...]) -> None:
        self._without = names
        self.load()

    # -- acting on rows --------------------------------------------------------------------------------

    def _music(self) -> list[Music]:
        return [Music(row.artist, row.track) for row in self.query_one("#artists", Table).chosen]

    def action_like(self) -> None:
        self.judge("like", self._music())

    def action_hide(self) -> None:
        self.judge("hide", self._music())

    def action_block(self) -> None:
        self.judge("block", self._music())

    @on(Table.Clicked)
    def action_artist(self) -> None:
        row = self.query_one("#artists", Table).row
        if row is not None:
            self._note_opened(row.key)
            self.home.show_artist(row.artist)

    def action_related(self) -> None:
        if chosen := self.query_one("#artists", Table).chosen:
            self._note_opened(chosen[0].key)
            self.home.show_related(chosen[0].artist)

    def _note_opened(self, key: str) -> None:
        self.ask("opened", lambda session: session.note_opened(key), writes=True)

    def action_open(self) -> None:
        row = self.query_one("#artists", Table).row
        if row is not None:
            self._note_opened(row.key)
        super().action_open()

    def action_add_to(self) -> None:
        from tuiapp.screens.add_to import ask_add_to, in_short, named

        if chosen := self._music():
            ask_add_to(self.home, in_short(chosen), named(chosen))

    def action_export(self) -> None:
        settings = self._settings()
        ask_export(self.home, "Discover", lambda session: session.discover_tracks(settings))

    # -- remembering -----------------------------------------------------------------------------------

    def remembered(self) -> dict[str, Any]:
        row = self.query_one("#artists", Table).row
        return super().remembered() | {
            "dials": self._dials.places,
            "level": self._level,
            "cursor": row.key if row is not None else None,
        }

    def recall(self, state: dict[str, Any]) -> None:
        super().recall(state)
        self._level = "tracks" if state.get("level") == "tracks" else "artists"
        self._dials.recall(state.get("dials"))
