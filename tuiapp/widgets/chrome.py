"""The frame of every view: the tab strip on top, the keys at the bottom, the current song and the running job above
them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from engine.wording import percent
from tuiapp.cells import fitted
from tuiapp.safe import shown
from tuiapp.settings.actions import EVERYWHERE, LISTS, VIEWS, Action, scope_of
from tuiapp.shell import InShell
from tuiapp.text import bar, counted, duration

if TYPE_CHECKING:
    from engine.live.mpv import Now
    from tuiapp.job import Job


# Cells for what a view says on the right, without which the app's name is left out.
_SAID = 36


class TabStrip(InShell, Widget):
    """The views by number, and on the right what the list is made from, after the badges LISTENING, DEMO and
    PRIVATE."""

    DEFAULT_CSS = """
    TabStrip { height: 1; dock: top; background: $panel; padding: 0 1; link-style: none; link-style-hover: bold;
        link-color: $foreground-muted; link-background-hover: $panel; link-color-hover: $accent; }
    """
    current: reactive[str] = reactive("")
    right_text: reactive[str] = reactive("")

    def __init__(self, current: str) -> None:
        super().__init__()
        self.set_reactive(TabStrip.current, current)

    def on_mount(self) -> None:
        # The private session's clock, updated once a second.
        self.set_interval(1.0, self._tick)
        self.watch(self.app, "private_since", self._turned, init=False)
        self.watch(self.app, "listens", self._turned, init=False)

    def _turned(self) -> None:
        self.refresh()

    def _tick(self) -> None:
        if self.shell.private_since is not None:
            self.refresh()

    def render(self) -> RenderResult:
        width = self.size.width
        badge, short = self._badge(), self._badge(clock=False)
        whole = Content.assemble(
            badge, " " if badge else "", Content.styled(self.right_text, "$foreground-muted")
        )
        # The app's name is there or not by the width alone: by what a view says, the tabs would move from view to view.
        named = self._tabs("brand").cell_length + badge.cell_length + _SAID <= width
        # Priority: the badges PRIVATE and DEMO, then the names, then the text on the right and the keys, which help has
        # too.
        for style, end in (
            *((("brand", whole), ("brand", badge)) if named else ()),
            ("names", whole),
            ("names", badge),
            ("close", badge),
            ("joined", badge),
            ("no keys", badge),
            ("no keys", short),
            ("digits", whole),
            ("digits", badge),
        ):
            left = self._tabs(style)
            if left.cell_length + end.cell_length + bool(end) <= width:
                break
        return Content.assemble(left, " " * (width - left.cell_length - end.cell_length), end)

    def _tabs(self, style: str) -> Content:
        parts: list[Content | str] = (
            [Content.styled("discover  ", "bold $text-accent")] if style == "brand" else []
        )
        keymap = self.shell.keymap
        for name, title in VIEWS:
            here, key = name == self.current, keymap.first(f"view_{name}")
            label = key if key and style == "digits" and not here else f"{key} {title}".strip()
            label = f" {label} "
            if style in ("close", "joined", "no keys"):
                label = {"no keys": title, "joined": f"{key}{title}"}.get(style, label.strip())
                parts += [" "] if parts else []
            tab = Content.from_markup(f"[@click=app.view('{name}')]$label[/]", label=label)
            parts.append(tab.stylize("bold reverse" if here else ""))
        return Content.assemble(*parts)

    def _badge(self, *, clock: bool = True) -> Content:
        """Badges: private session with its duration, demo, and plays being logged."""
        since, parts = self.shell.private_since, []
        if self.shell.listens:
            parts.append(Content.styled(" LISTENING ", "bold $text on $success"))
        if self.shell.jobs.own is not None:
            parts.append(Content.styled(" DEMO ", "bold $text on $warning"))
        if since is not None:
            gone = f"{duration(time.monotonic() - since)} " if clock else ""
            parts.append(Content.styled(f" PRIVATE {gone}", "bold $text on $error"))
        return Content.assemble(*parts) if parts else Content("")


# Maximum and minimum cells for the change that undo names. In a line narrower than `_UNDO_NAMED` other keys need them
# more, and the notification named the change.
_UNDO, _UNDO_MIN, _UNDO_NAMED = 24, 14, 104


class KeyLine(InShell, Widget):
    """The keys of this view, as many as fit, always with help and quit. A click works like the key."""

    DEFAULT_CSS = """
    KeyLine { height: 1; background: $panel; padding: 0 1; }
    """

    # The number of selected rows, in words: shown before the keys that act on them.
    selected: reactive[str] = reactive("")
    # Whether the view's list is empty: keys that act on rows are left out.
    nothing_listed: reactive[bool] = reactive(False)
    # Current labels of actions, by id, if they differ from the default; empty for one without an effect now.
    called: reactive[Mapping[str, str]] = reactive(MappingProxyType({}))

    def __init__(self, scope: str, *, absent: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.auto_links = False  # the signs, unescaped
        self._actions = [
            action
            for name in (scope, LISTS, EVERYWHERE)
            for action in scope_of(name)
            if action.footer and not (name == LISTS and action.id in absent)
        ]

    def on_mount(self) -> None:
        self.watch(self.app, "undoable", self._changed, init=False)
        self.watch(self.app, "working", self._changed, init=False)

    def _changed(self) -> None:
        self.refresh()

    def render(self) -> RenderResult:
        label = self.shell.keymap.first
        selected = f"{self.selected}  " if self.selected else ""
        room = self.size.width - cell_len(selected)
        kept: dict[Action, str] = {}
        for action in sorted(self._actions, key=lambda action: action.footer):
            if action.scope == EVERYWHERE:
                if self.app.check_action(action.id, ()) is False:
                    continue
            elif self.nothing_listed and not action.alone:
                continue
            if not label(action):
                continue
            word = self._word(action, room - cell_len(label(action)) - 3)
            cells = cell_len(f"{label(action)} {word}") + 2
            if word and cells <= room:
                kept[action] = word
                room -= cells
        parts: list[Content | str] = [Content.styled(selected, "bold $text-warning")]
        # Help and quit are last, where they are expected.
        last = ("help", "quit")
        for action in sorted(kept, key=lambda action: (action.id in last, self._actions.index(action))):
            key = Content.assemble(Content.styled(label(action), "bold $text-accent"), f" {kept[action]}")
            parts += [key.stylize(Style.from_meta({"@click": _clicked(action)})), "  "]
        keys = Content.assemble(*parts)
        if not self.shell.working:
            return keys
        # Over the end of the line: no key moves because of it.
        working = fitted(f" … {shown(self.shell.working)}", self.size.width // 2).rstrip()
        left = keys.truncate(self.size.width - cell_len(working), pad=True)
        return Content.assemble(left, Content.styled(working, "bold $text-warning"))

    def _word(self, action: Action, room: int) -> str:
        """An action's label; for undo with the change if there is room; empty if it is unavailable."""
        if action.id == "undo":
            if not self.shell.undoable:
                return ""
            whole = f"{action.label} {shown(self.shell.undoable)}"
            room = min(room, _UNDO, cell_len(whole))
            named = room >= _UNDO_MIN and self.size.width >= _UNDO_NAMED
            return fitted(whole, room).rstrip() if named else action.label
        return self.called.get(action.id, action.label)


def _clicked(action: Action) -> str:
    """The action of a click: the same, addressed from outside its list or view."""
    command = action.command or action.id
    if "." in command.partition("(")[0]:
        return command
    return {EVERYWHERE: "app.", LISTS: "focused."}.get(action.scope, "screen.") + command


class PlayingLine(InShell, Widget):
    """The current song, position and length, and its keys. Hidden while nothing plays."""

    DEFAULT_CSS = """
    PlayingLine { height: 1; background: $surface; padding: 0 1; display: none; }
    PlayingLine.-playing { display: block; }
    """

    def on_mount(self) -> None:
        self.watch(self.app, "playing", self._changed)

    def _changed(self, now: Now | None) -> None:
        self.set_class(now is not None, "-playing")
        self.refresh()

    def render(self) -> RenderResult:
        now = self.shell.playing
        if now is None:
            return ""
        length = f" of {duration(now.length)}" if now.length else ""
        place = f"  {now.place:,} of {now.count:,}" if now.count > 1 else ""
        loud = f"  volume {now.volume}" if now.volume != 100 else ""
        times = f"{duration(now.position)}{length}{place}{loud}"
        hints = self.shell.keymap.hints
        pause = {"pause": "play" if now.paused else "pause", "stop_playing": "stop"}
        keys = "".join(f"  {hint}" for hint in hints(pause))
        queue = "".join(f"  {hint}" for hint in hints({"queue": "queue"})) if now.count > now.place else ""
        sign = "paused" if now.paused else "♪"
        name = shown(" - ".join(filter(None, (now.song.artist, now.song.title))))
        room = self.size.width - cell_len(f"{sign}   {times}")
        fits = room - min(cell_len(name), 20)
        keys = next((some for some in (keys + queue, keys, queue) if cell_len(some) <= fits), "")
        name = fitted(name, max(1, min(cell_len(name), room - cell_len(keys)))).rstrip()
        return Content.assemble(
            Content.styled(f"{sign} ", "$text-accent"),
            Content.styled(name, "bold"),
            f"  {times}",
            Content.styled(keys, "$foreground-muted"),
        )


class JobLine(InShell, Widget):
    """The background job: stage, progress, times, and how to stop it.

    Hidden without one. The elapsed time is updated by itself, so that a long step does not look hung.
    """

    DEFAULT_CSS = """
    JobLine { height: 1; background: $surface; padding: 0 1; display: none; }
    JobLine.-running { display: block; }
    """
    job: reactive[Job | None] = reactive(None, always_update=True)

    def on_mount(self) -> None:
        self.watch(self.app, "job", self._take_job)
        self.set_interval(1.0, self.tick)

    def tick(self) -> None:
        """Redraw the elapsed time."""
        if self.job is not None:
            self.refresh()

    def _take_job(self, job: Job | None) -> None:
        self.job = job

    def watch_job(self, job: Job | None) -> None:
        self.set_class(job is not None, "-running")

    def render(self) -> RenderResult:
        if self.job is None:
            return ""
        key = self.shell.keymap.label("back" if self.job.waits else "cancel_job")
        stop = Content.styled(f"   {key} to stop", "$foreground-muted")
        room = self.size.width - stop.cell_length
        # Without room, the rate is left out first, then the bar, the count, the times; never how to stop it.
        fitting = next((line for line in _forms(self.job) if line.cell_length <= room), None)
        if fitting is None:
            fitting = Content(fitted(f"{self.job.title}: {shown(self.job.stage)}", max(1, room)).rstrip())
        return Content.assemble(fitting, stop)


def _forms(job: Job) -> Iterator[Content]:
    """Forms of the line, from long to short."""
    heading = Content.styled(f"{job.title}: {shown(job.stage)}", "bold")
    share = "" if job.share is None else percent(job.share)
    count = counted(job.done, job.total, job.unit)
    fast = job.per_second is not None and job.per_second >= 10
    rate = counted(round(job.per_second or 0.0), 0, job.unit) + " a second" if fast else ""
    gone = duration(time.monotonic() - job.began)
    left = (
        f"{duration(job.seconds_left)} left" if job.seconds_left is not None and job.seconds_left >= 1 else ""
    )
    times = f"{gone}, {left}" if left else gone

    def line(cells: int, *words: str) -> Content:
        drawn = (
            Content.styled(bar(job.share or 0.0, cells), "$text-accent") if cells and share else Content("")
        )
        return Content("  ").join([part for part in (heading, drawn, *map(Content, words)) if part.plain])

    yield line(20, share, count, rate, times)
    yield line(8, share, count, rate, times)
    yield line(8, share, count, times)
    yield line(0, share, count, times)
    yield line(0, share, times)
    yield line(0, share, left or gone)
    yield line(0, share)
