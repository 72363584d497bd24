"""Makes the README's pictures from the running app: `python -m assets.screenshots`.

The demo is prepared in a folder that is gone afterwards (or in DIR with `--data-dir DIR`), and the app is driven
by keys alone; each picture is an SVG beside this file. The day is fixed and nothing runs while a picture is taken,
so that the same data folder gives the same pictures; a new one differs by what the search found in its time.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.session.discover import Discover
from sample_data import demo
from tuiapp.app.app import DiscoverApp

SIZE = (120, 36)
DAY = datetime.date(2026, 3, 22)
EPOCH = datetime.date(1970, 1, 1)
# How old packs and model are said to be in the pictures.
MADE = DAY - datetime.timedelta(weeks=3)
# Picture -> the keys that lead to it from Discover.
PICTURES = {
    "discover": ("down", "down"),
    "artist": ("enter",),
    "related": ("r",),
    "contexts": ("3", "greater_than_sign", "greater_than_sign"),
    "tracks": ("T",),
    "playlists": ("3", "W", "enter", "4", "enter", "C"),
    "history": ("5",),
    "taste": ("6",),
    "model": ("7",),
    "browse": ("8", "j", "tab", "full_stop"),
}


def prepared(folders: Folders) -> None:
    """The demo as `discover demo` prepares it; what is there stays."""
    with Session(folders) as session:
        demo.prepare(session, lambda *_progress: None)
    made_on(folders, MADE)


def made_on(folders: Folders, day: datetime.date) -> None:
    """Date packs and model, and even out what was measured by the clock."""
    door = Door(folders)
    for file in sorted(folders.packs.glob("*/manifest.json")):
        door.write_file(file, json.dumps(json.loads(file.read_bytes()) | {"date": day.isoformat()}).encode())
    for file in sorted(folders.models.glob("*/manifest.json")):
        trained = f"{day.isoformat()}T12:00:00+00:00"
        door.write_file(
            file, json.dumps(json.loads(file.read_bytes()) | {"trained": trained, "seconds": 0.0}).encode()
        )
    connection = door.connect()
    with connection:
        at = datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp()
        connection.execute("UPDATE imports SET imported_at = ?", (int(at),))
    connection.close()


async def settled(app: DiscoverApp, pilot: Pilot[int]) -> None:
    """Until no worker runs and everything asked for is drawn."""
    for _ in range(3):
        await pilot.pause()
        # A question that a newer one overtook is cancelled.
        with suppress(WorkerCancelled):
            await app.workers.wait_for_complete()


async def picture(folders: Folders, keys: Sequence[str]) -> str:
    """The screen after some keys, as SVG."""
    app = DiscoverApp(folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(app, pilot)
        for key in keys:
            await pilot.press(key)
            await settled(app, pilot)
        app.clear_notifications()
        await settled(app, pilot)
        svg = app.export_screenshot(title="discover")
    # The font is the reader's own: a picture of an app without a network must not fetch one. Textual names what
    # is in a picture by a hash of its own; the same name in every run makes the same file.
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"terminal-\d+-", "terminal-", svg)


def main() -> None:
    """Write every picture, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES], metavar="NAME")
    asked = parser.parse_args()
    os.environ["TZ"] = "UTC"
    time.tzset()
    # The pictures are of one day.
    Discover.today = staticmethod(lambda: (DAY - EPOCH).days)  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as scratch:
        root = asked.data_dir or Path(scratch) / "sample"
        prepared(Folders(root))
        for name in asked.names or PICTURES:
            svg = asyncio.run(picture(Folders(root), PICTURES[name]))
            (Path(__file__).parent / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
