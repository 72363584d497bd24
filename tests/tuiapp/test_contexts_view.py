"""Contexts: the picture of the tempo over time has axes that say what is drawn."""

from __future__ import annotations

from engine.paths import Folders
from tests.support.driving import lines_of, settled, the_view
from tuiapp.app.app import DiscoverApp
from tuiapp.text import duration


async def test_the_tempo_is_drawn_between_its_labels_and_over_its_time(folders: Folders) -> None:
    app = DiscoverApp(folders)
    async with app.run_test(size=(80, 30)) as pilot:
        await pilot.press("3")
        await settled(pilot, lambda: "0:00" in "".join(lines_of(app.screen.query_one("#profile"))))
        made = the_view(app)._made
        lines = [line.rstrip() for line in lines_of(app.screen.query_one("#profile")) if line.strip()]
        tempos = [(track.bpm or 0) * (track.factor or 1) for track in made.tracks]
        high, low = (float(line.split()[0]) for line in (lines[0], lines[3]))
        assert low < min(tempos) <= max(tempos) < high
        assert lines[4].split() == ["0:00", duration(made.seconds)]
        # The last cell drawn stands above the end of the time.
        assert max(map(len, lines[:4])) == len(lines[4])
