"""What a player thinks of a track comes back; and a night in which three sources tell of each play."""

from __future__ import annotations

import asyncio
import json
import random

from engine.imports.run import import_paths
from engine.live.listener import Listener
from engine.privacy import Door
from engine.store.database import open_library
from engine.store.feedback import all_feedback
from tests.support.importing import write
from tests.support.live import NOW, Player, World, listen


def verdicts(world: World) -> list[tuple[str, str | None, str]]:
    connection = open_library(Door(world.folders))
    try:
        return [(one.artist, one.track, one.verdict) for one in all_feedback(connection)]
    finally:
        connection.close()


async def test_loves_and_hates_become_likes_and_hides_once(world: World, player: Player) -> None:
    await player.submit(listen("Tin Roof", recording_mbid="7c1b"))
    for score, verdict in ((1, "like"), (1, "like"), (-1, "hide"), (0, None), ("1", "like")):
        document = {"recording_mbid": "7c1b", "score": score}
        assert await player.ask("POST", "/1/feedback/recording-feedback", document) == (200, {"status": "ok"})
        assert verdicts(world) == ([("Café Tundra", "Tin Roof", verdict)] if verdict else [])
    for unknown in ({"recording_mbid": "none", "score": 1}, {"recording_msid": "none", "score": 1}):
        assert (await player.ask("POST", "/1/feedback/recording-feedback", unknown))[0] == 200
    for wrong in ({"score": 1}, {"recording_mbid": "7c1b", "score": 7}, {"recording_mbid": "7c1b"}, [], "x"):
        assert (await player.ask("POST", "/1/feedback/recording-feedback", wrong))[0] == 400
    assert verdicts(world) == [("Café Tundra", "Tin Roof", "like")]
    connection = open_library(Door(world.folders))
    with connection:
        connection.execute("UPDATE feedback SET verdict = 'block'")
    connection.close()
    document = {"recording_mbid": "7c1b", "score": 1}
    await player.ask("POST", "/1/feedback/recording-feedback", document)
    assert verdicts(world) == [("Café Tundra", "Tin Roof", "block")], "a block stays"


async def test_a_night_reported_by_three_sources_at_once(
    world: World, listener: Listener, player: Player
) -> None:
    """One stamps the start, one the moment it tells, one the start by a clock five seconds off, and repeats itself."""
    drawn = random.Random(20)
    lengths = {f"T{n}": drawn.randint(90, 600) for n in range(60)}
    at, plays = NOW - 600_000, []
    for _ in range(300):
        title = drawn.choice([*lengths])
        plays.append((title, at))
        at += lengths[title] + drawn.randint(0, 30)

    async def tell(client: str, offset: float, *, repeats: int = 1) -> None:
        reports = []
        for title, start in plays:
            late = round(min(lengths[title] / 2, 240)) if offset < 0 else round(offset)
            info = {"submission_client": client} | ({} if offset < 0 else {"duration": lengths[title]})
            reports += [listen(title, start + late, **info)] * repeats
        for first in range(0, len(reports), 50):
            assert (await player.submit(*reports[first : first + 50], kind="import"))[0] == 200

    await asyncio.gather(tell("navidrome", 0), tell("rescrobbled", -1), tell("web-scrobbler", 5, repeats=2))
    assert len(world.listens()) == len(plays)
    # A service that had them too is imported later, and tells of one more.
    lines = [json.dumps(listen(title, start + 2)) for title, start in [*plays, ("Elsewhere", at + 900)]]
    connection = open_library(Door(world.folders))
    report = import_paths(connection, [write(world.folders.root.parent, "listens.jsonl", "\n".join(lines))])
    connection.close()
    assert (report.totals["kept"], report.totals["duplicates"]) == (1, len(plays))
