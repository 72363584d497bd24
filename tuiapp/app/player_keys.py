"""Playback keys, available everywhere, and messages for keys without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import reactive

from tuiapp.textual_internals.guarded import Guarded

if TYPE_CHECKING:
    from textual.events import Key

    from engine.live.mpv import Now
    from tuiapp.app.playback import Playback
    from tuiapp.settings.keys import Keymap

_ACTIONS = ("pause", "next_song", "stop_playing", "seek", "queue", "louder")


class PlayerKeys(Guarded):
    """An app with playback keys."""

    playback: Playback
    keymap: Keymap
    # The current song. Watched by the widget that draws it: the app would repaint its whole screen.
    playing: reactive[Now | None] = reactive(None, always_update=True, repaint=False)

    def on_key(self, event: Key) -> None:
        """Say why a key does nothing here."""
        from tuiapp.app.unable import say_why_not

        say_why_not(self, event.key)

    def action_pause(self) -> None:
        self.playback.pause()

    def action_next_song(self) -> None:
        self.playback.next()

    def action_stop_playing(self) -> None:
        self.playback.end()

    def action_louder(self, by: int) -> None:
        self.playback.louder(by)

    def action_queue(self) -> None:
        self.playback.show_queue()

    def action_seek(self, seconds: int) -> None:
        self.playback.seek(seconds)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disables playback keys if nothing plays."""
        if action.partition("(")[0] in _ACTIONS:
            return self.playing is not None or (action == "pause" and self.playback.goes_on)
        return super().check_action(action, parameters)
