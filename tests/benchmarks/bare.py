"""The least a Textual app can be: one label. What `tests.benchmarks.app` compares the first paint with."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Label


class Bare(App[None]):
    def compose(self) -> ComposeResult:
        yield Label("one label")


if __name__ == "__main__":
    Bare().run()
