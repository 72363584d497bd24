"""The driver of a terminal of Unix, which stops and goes on between two events."""

from __future__ import annotations

import os
import signal
from typing import Any

from textual.drivers.linux_driver import LinuxDriver

from tuiapp.textual_internals.terminal import drawn_on


class StoppingDriver(LinuxDriver):
    """Textual stops, and goes on, wherever a signal finds it: also while it does the other. A second ctrl+z as it goes
    on would join a thread that has not begun, and one that stopped otherwise would read the terminal twice over."""

    # Until it goes on: a signal that comes before is of the same stop, as of a person who pressed ctrl+z twice.
    _asked = _to_stop = False

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        if (stream := drawn_on()) is not None:
            self._file = stream  # type: ignore[assignment]  # any stream of text is written to alike

    def _sigtstp_application(self, *_: object) -> None:
        self._to_stop = True
        self._between_events()

    def _sigcont_application(self, *_: object) -> None:
        self._between_events()

    def _between_events(self) -> None:
        if self._asked:
            return
        self._asked = True
        try:
            self._loop.call_soon_threadsafe(self._stop)
        except RuntimeError:
            # The app has ended, and its terminal is the shell's.
            self._asked = False
            if self._to_stop:
                os.kill(os.getpid(), signal.SIGSTOP)

    def _stop(self) -> None:
        """Leave the terminal as it was, stop unless that has happened, and begin anew in the foreground."""
        began = self._writer_thread is not None and self._writer_thread.is_alive()
        if began:
            self.suspend_application_mode()
        while self._to_stop or (began and self._in_background()):
            os.kill(os.getpid(), signal.SIGSTOP)
            self._to_stop = False
        self._asked = False
        if began:
            self._must_signal_resume = True
            self.resume_application_mode()

    def _in_background(self) -> bool:
        """Whether the shell's `bg` had it go on, where it has no terminal."""
        try:
            return os.tcgetpgrp(self.fileno) != os.getpgrp()
        except OSError:
            return False
