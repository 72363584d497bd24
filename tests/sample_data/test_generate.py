"""The generator makes the committed files again, and they stay small."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import sample_data
from sample_data import generate, genres, hetrec, made_up_names, scrobbles, song_lists, spotify, tracks
from sample_data.archive import zipped

# The world and its plays are made once, not once a worker.
pytestmark = pytest.mark.xdist_group("sample")


@pytest.fixture(scope="module")
def world() -> generate.World:
    return generate.make_world()


@pytest.fixture(scope="module")
def plays(world: generate.World) -> Any:
    return generate.make_plays(world)


def contents(archive: Path | io.BytesIO) -> dict[str, bytes]:
    """Return the members inflated: another zlib may deflate the same text to other bytes."""
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_features_are_reproduced(world: generate.World) -> None:
    made = tracks.features_csv(track for own in world.discography for track in own)
    assert contents(sample_data.features()) == {"features.csv": made}


def test_playlists_are_reproduced(world: generate.World, plays: Any) -> None:
    lines = song_lists.make_playlists(generate.stream(world.seed, 7), plays, world.discography)
    assert contents(sample_data.playlists()) == {"playlists.csv": song_lists.playlists_csv(lines)}


def test_community_is_reproduced(world: generate.World, plays: Any) -> None:
    taggings = hetrec.make_taggings(generate.stream(world.seed, 5), plays, world.catalog)
    assert contents(sample_data.community()) == hetrec.members(world.names, plays, taggings)


def test_listener_exports_are_reproduced(world: generate.World) -> None:
    history = generate.make_history(world)
    spotify_zip, lastfm_csv, listenbrainz_zip = sample_data.listener_exports()
    assert contents(spotify_zip) == spotify.members(random.Random(world.seed + 4), history)
    assert lastfm_csv.read_bytes() == scrobbles.lastfm_csv(random.Random(world.seed + 5), history)
    made = scrobbles.listenbrainz_zip(random.Random(world.seed + 6), history)
    assert contents(listenbrainz_zip) == contents(io.BytesIO(made))


def test_another_seed_makes_another_world(world: generate.World) -> None:
    flavours = [track[0].genre for track in world.discography]
    by_genre = {genre.name: genre.flavour for genre in genres.GENRES}
    other = made_up_names.artists(random.Random(world.seed + 1), [by_genre[genre] for genre in flavours])
    assert len(set(other) & set(world.names)) < 30


def test_zip_bytes_depend_on_contents_alone() -> None:
    members = {"b/": b"", "b/two": b"2" * 99, "a": b"1"}
    made = zipped(members)
    assert made == zipped(dict(reversed(members.items())))
    assert contents(io.BytesIO(made)) == members


def test_all_files_together_stay_small() -> None:
    package = Path(sample_data.__file__).parent
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) <= 3_000_000
    assert all(path.is_file() for path in (sample_data.community(), sample_data.features()))
    assert all(path.is_file() for path in sample_data.listener_exports())


def test_paths_survive_an_import_of_every_module() -> None:
    """A module named like one of the package's functions would replace it."""
    code = "import sample_data.generate, sample_data; sample_data.community(); sample_data.features()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
