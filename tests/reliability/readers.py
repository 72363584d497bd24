"""What the project reads of others' files, and of its own, as targets of fuzzing."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.errors import UnreadableFileError
from engine.paths import Folders
from engine.privacy import Door
from tests.reliability.far import far
from tests.reliability.fuzz import Target, Try, now_and_then, on_disk
from tests.reliability.outside import outside
from tests.support import archives
from tests.support.statistics_dump import listeners

# One of so many files is identified first, as an import does with each; that costs more than reading most.
_TOLD_APART = 16


def all_targets(folder: Path) -> list[Target]:
    """Every reader."""
    return [
        *importers(folder),
        *packs(folder),
        *settings(),
        *kept(folder),
        *models(folder),
        *outside(folder),
        *far(),
    ]


# -- histories --------------------------------------------------------------------------------------------


def importers(folder: Path) -> list[Target]:
    """Every format of histories."""
    from tests.support.samples import SAMPLES, content_of

    found = []
    for name in SAMPLES:
        place = folder / name
        place.mkdir()
        data = content_of(place, name)
        ending = ".xlsx" if data.startswith(b"PK") else ""
        found.append(Target(name, [data], now_and_then(_parser(name), on_disk(_importer(name))), ending))
    return found


def _parser(name: str) -> Try:
    """Its reader alone, out of memory."""
    from engine.imports.batches import DamagedError, batches, damage_named
    from engine.imports.head import HEAD_BYTES, Head
    from engine.imports.record import Options
    from engine.imports.registry import format_named, recognise

    form, count = format_named(name), 0

    def read(data: bytes, _path: Path) -> None:
        nonlocal count
        count += 1
        if count % _TOLD_APART == 0:
            recognise(Head("export", data[:HEAD_BYTES], lambda: io.BytesIO(data)))
        options = Options(name="export", notes=[], zone="Europe/Copenhagen" if count % 5 == 0 else None)
        try:
            with damage_named():
                records = form.parse(io.BytesIO(data), options)
            for _ in batches(records):
                pass
        except DamagedError as error:
            raise UnreadableFileError(str(error)) from error

    return read


def _importer(name: str) -> Callable[[Path], None]:
    """An import into a library in memory, which is replaced now and then."""
    from engine.imports.run import import_paths
    from engine.store.schema import migrate

    connection, count = sqlite3.connect(":memory:"), 0

    def read(path: Path) -> None:
        nonlocal connection, count
        if count % 50 == 0:
            connection.close()
            connection = sqlite3.connect(":memory:")
            migrate(connection)
        count += 1
        report = import_paths(
            connection,
            [path],
            format=name if count % 2 else None,
            zone="Europe/Copenhagen" if count % 5 == 0 else None,
        )
        for file in report.files:
            assert file.read == file.kept + file.duplicates + sum(file.dropped.values()), "an untrue report"
        assert not connection.in_transaction, "a transaction is open"

    return read


# -- community data ---------------------------------------------------------------------------------------

_ARTISTS = "id\tname\turl\n1\tIda\tx\n2\tCafé\tx\n3\tThird\tx\n"
_PLAYS = "userID\tartistID\tweight\n1\t1\t10\n1\t2\t5\n2\t2\t7\n2\t3\t1\n3\t1\t4\n"
_TAGS = "tagID\ttagValue\n1\trock\n2\tpop\n"
_TAGGED = "userID\tartistID\ttagID\tday\tmonth\tyear\n1\t1\t1\t1\t1\t2009\n2\t2\t2\t1\t1\t2009\n"
_FEATURES = (
    "track_artist,track_name,tempo,energy,duration_ms,track_id,isrc\n"
    "Ida,Tin Roof,120.5,.5,200000,4uLU6hMCjMI75M1A2tKUQC,USRC17607839\nCafé,Waves,160,.9,180000,,\nX,Y,0,0,0,,\n"
)
_LISTS = "playlist,artist,track,genre,plays\nP1,Ida,Tin Roof,rock;pop,3\nP1,Café,Waves,,2\nP2,Ida,Tin Roof,rock,1\n"
_LINES = '{"user": "u", "artist": "Ida", "plays": 3}\n{"user": "v", "artist": "Café", "plays": 2}\n' * 4
_TRACK = {"artist_name": "Ida", "track_name": "Tin Roof", "track_uri": "spotify:track:1", "duration_ms": 1000}
_MILLION = {"playlists": [{"pid": 1, "name": "E", "num_tracks": 1, "tracks": [{"pos": 0, **_TRACK}]}]}


def _zipped(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def packs(folder: Path) -> list[Target]:
    """Community data and features, into a data folder of their own; the packs there are listed after each."""
    from engine.community.adding import add_packs, readers
    from engine.community.feature_rows import RowCounts, has_columns, read_feature_rows
    from engine.community.packs import list_packs

    door = Door(Folders(folder / "data"))

    def add(path: Path) -> None:
        try:
            add_packs(door, path, name="p")
        finally:
            list_packs(door.folders)
            shutil.rmtree(door.folders.packs, ignore_errors=True)

    def alone(seeds: list[bytes], ending: str) -> Callable[[Path], None]:
        """The readers of such files alone, now and then all there are."""
        seed, mine, count = folder / f"seed{ending}", set[str](), 0
        for data in seeds:
            seed.write_bytes(data)
            mine |= {name for name, reader in readers().items() if reader.recognises(seed)}

        def read(path: Path) -> None:
            nonlocal count
            count += 1
            for name, reader in readers().items():
                if (name in mine or count % _TOLD_APART == 0) and reader.recognises(path):
                    for content in reader.contents(path):
                        if isinstance(content, UnreadableFileError):
                            raise content
            if ending.startswith(".csv") and has_columns(path):
                for _ in read_feature_rows(path, RowCounts()):
                    pass

        return read

    def target(name: str, seeds: list[bytes], ending: str) -> Target:
        often = on_disk(alone(seeds, ending))
        return Target(f"pack-{name}", seeds, now_and_then(often, on_disk(add)), ending)

    hetrec = {
        "artists.dat": _ARTISTS,
        "user_artists.dat": _PLAYS,
        "tags.dat": _TAGS,
        "user_taggedartists.dat": _TAGGED,
    }
    tables = [text.encode() for text in (_FEATURES, _LISTS, _LINES)]
    million = [_zipped({"data/mpd.slice.0-999.json": json.dumps(_MILLION)})]
    tempi = archives.rhythm_archive(archives.rhythm_table([(archives.mbid(1), 120.0, 60.0)]))
    return [
        target("hetrec", [_zipped(hetrec)], ".zip"),
        target("table", tables, ".csv"),
        target("packed", [gzip.compress(table) for table in tables], ".csv.gz"),
        target("million", million, ".zip"),
        target("statistics", [listeners(4)], ".jsonl"),
        Target("pack-genres", [archives.artist_archive(archives.ARTISTS)], on_disk(add), ".tar.xz"),
        Target(
            "pack-genre-lines", [archives.ARTISTS], now_and_then(on_disk(add), _packed_genres(add)), ".jsonl"
        ),
        Target("pack-tempo", [tempi], on_disk(add), ".tar.zst"),
    ]


def _packed_genres(add: Callable[[Path], None]) -> Try:
    """What is changed in the lines would be lost in what they are packed as."""

    def read(data: bytes, path: Path) -> None:
        path.write_bytes(lzma.compress(lzma.decompress(archives.artist_archive(data)), preset=0))
        add(path)

    return read


# -- one's own --------------------------------------------------------------------------------------------


def settings() -> list[Target]:
    """The person's settings and the kept state, which are read whatever is in them."""
    from tuiapp.settings import config, state

    text = (
        b'# mine\ntheme = "nord"\n[open]\nservice = "Bandcamp"\nplayer = "mpv --no-video ytdl://ytsearch:{query}"\n'
        b'[discover]\nknown_plays = 3\nhalf_life = 365\n[keys]\nundo = "U"\n"discover.like" = "L,ctrl+l"\n'
    )
    kept_state = state.written({"view": "taste", "discover": {"cursor": 3, "dials": {"variety": 0.3}}})

    def read_settings(path: Path) -> None:
        _ = config.read(path).keymap

    def read_state(path: Path) -> None:
        state.part(state.read_file(path), "discover", "dials")

    return [
        Target("settings", [text], on_disk(read_settings), ".toml"),
        Target("state", [kept_state], on_disk(read_state), ".json"),
    ]


def kept(folder: Path) -> list[Target]:
    """Small files of the data folder: who listens, names at servers, what packs say of themselves."""
    from engine.community.packs import read_packs
    from engine.live.token import access
    from engine.push.credentials import credentials

    folders = Folders(folder / "kept")
    (folders.packs / "p").mkdir(parents=True)

    def reader(path: Path, read: Callable[[Folders], object]) -> Try:
        def of(data: bytes, _path: Path) -> None:
            path.write_bytes(data)
            read(folders)

        return of

    manifest = {
        "name": "p",
        "kind": "community",
        "level": "artists",
        "source": "s",
        "date": "2026-01-01",
        "items": 3,
    }
    servers = {"subsonic http://127.0.0.1": {"user": "me", "secret": "s", "plain": False}}
    listening = {"token": "0123456789abcdef", "port": 17717}
    return [
        Target("listening", [json.dumps(listening).encode()], reader(folders.listening, access)),
        Target(
            "servers",
            [json.dumps(servers).encode()],
            reader(folders.servers, lambda of: credentials(of, "subsonic", "http://127.0.0.1")),
        ),
        Target(
            "pack-manifest",
            [json.dumps(manifest).encode()],
            reader(folders.packs / "p" / "manifest.json", read_packs),
        ),
    ]


def models(folder: Path) -> list[Target]:
    """A model's file, and the folder and index that a training wrote, changed as by one who has the digests fit."""
    from engine.index import open_index
    from engine.session import Session
    from engine.training.artifact import read_manifest
    from engine.training.read_model_file import read_model_file
    from engine.training.train import TrainingSettings
    from tests.support.communities import write_community
    from tests.support.models import names

    root = Folders(folder / "made")
    with Session(root) as session:
        session.packs.add(write_community(folder / "set", artists=names(40), listeners=30))
        made = session.training.train(TrainingSettings(factors=4, iterations=2, tune=False))
        session.model_files.export(folder / "model.zip", "artists")
    model = root.models / made.id
    factors = np.load(model / "item_factors.npy")
    manifest = (model / "manifest.json").read_bytes()
    changed = shutil.copytree(model / "index", folder / "changed index")
    said = json.loads((changed / "index.json").read_bytes())

    def ask() -> None:
        index = open_index(changed, factors)
        index.best(factors[0], 5)
        index.nearest(3, 5)

    def read_manifest_of(data: bytes, path: Path) -> None:
        (path.parent / "manifest.json").write_bytes(data)
        read_manifest(path.parent)

    whole, last = {path.name: path.read_bytes() for path in changed.glob("*.*")}, "index.json"

    def change(name: str, data: bytes) -> None:
        """Have this one be other than it was, and no other array."""
        nonlocal last
        if last != name:
            (changed / last).write_bytes(whole[last])
            last = name
        (changed / name).write_bytes(data)

    def read_index(data: bytes, _path: Path) -> None:
        change("index.json", data)
        ask()

    def reader(name: str) -> Try:
        def read(data: bytes, _path: Path) -> None:
            change(name, data)
            (changed / "index.json").write_bytes(signed(name, data))
            ask()

        return read

    def signed(name: str, data: bytes) -> bytes:
        import hashlib

        record = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        return json.dumps(said | {"files": said["files"] | {name: record}}).encode()

    arrays = sorted(path for path in changed.glob("*.npy"))
    return [
        Target("model", [(folder / "model.zip").read_bytes()], on_disk(read_model_file), ".zip"),
        Target("model-manifest", [manifest], read_manifest_of),
        Target("index", [(changed / "index.json").read_bytes()], read_index),
        *(Target(f"index-{path.stem}", [path.read_bytes()], reader(path.name)) for path in arrays),
    ]
