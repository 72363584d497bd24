"""Makes the README's pictures from the running app: `python -m assets.screenshots --data-dir DIR`.

DIR is a data folder with something in it, such as the one `discover --data-dir X demo` makes in X/demo. The app is
driven by keys alone; each picture is an SVG beside this file.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path

from textual.pilot import Pilot

from engine.paths import Folders
from tuiapp.app import DiscoverApp

SIZE = (112, 30)
# Picture -> the keys that lead to it from Discover.
PICTURES = {
    "discover": ("down", "down"),
    "related": ("r",),
    "contexts": ("3", "W", "W"),
    "model": ("7",),
}


async def settled(app: DiscoverApp, pilot: Pilot[int]) -> None:
    """Until no worker runs and everything asked for is drawn."""
    for _ in range(3):
        await pilot.pause()
        await app.workers.wait_for_complete()


async def picture(folders: Folders, keys: tuple[str, ...]) -> str:
    """The screen after some keys, as SVG."""
    app = DiscoverApp(folders)
    async with app.run_test(size=SIZE) as pilot:
        await settled(app, pilot)
        for key in keys:
            await pilot.press(key)
            await settled(app, pilot)
        svg = app.export_screenshot(title="discover")
    # The font is the reader's own: a picture of an app without a network must not fetch one.
    return re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)


def main() -> None:
    """Write every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    folders = Folders(parser.parse_args().data_dir)
    for name, keys in PICTURES.items():
        svg = asyncio.run(picture(folders, keys))
        (Path(__file__).parent / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()
