"""The committed sample, read the plain way: no importer of ours in between."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from functools import cache
from typing import Any

import numpy as np

import sample_data


@cache
def table(member: str) -> list[list[str]]:
    """Return a table of the community without its header line."""
    with zipfile.ZipFile(sample_data.community()) as archive:
        return [line.split("\t") for line in archive.read(member).decode().splitlines()[1:]]


@cache
def plays() -> np.ndarray:
    """Return listener id, artist id and plays, shape (n, 3) int64."""
    return np.array(table("user_artists.dat"), dtype=np.int64)


@cache
def features() -> list[dict[str, str]]:
    """Return the rows of the features file."""
    with zipfile.ZipFile(sample_data.features()) as archive:
        return list(csv.DictReader(io.StringIO(archive.read("features.csv").decode())))


@cache
def spotify(kind: str = "Audio") -> list[dict[str, Any]]:
    """Return the rows of the Audio or the Video files, in the order of the files."""
    with zipfile.ZipFile(sample_data.listener_exports()[0]) as archive:
        names = [name for name in archive.namelist() if f"Streaming_History_{kind}_" in name]
        names.sort(key=lambda name: int(name.removesuffix(".json").rpartition("_")[2].partition("-")[0]))
        return [row for name in names for row in json.loads(archive.read(name))]


@cache
def lastfm() -> list[list[str]]:
    """Return the rows of the Last.fm CSV."""
    with sample_data.listener_exports()[1].open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@cache
def listenbrainz() -> list[dict[str, Any]]:
    """Return the listens of the ListenBrainz export, in no particular order of months."""
    with zipfile.ZipFile(sample_data.listener_exports()[2]) as archive:
        months = [
            name for name in archive.namelist() if name.endswith(".jsonl") and name.startswith("listens/")
        ]
        return [json.loads(line) for name in months for line in archive.read(name).splitlines()]
