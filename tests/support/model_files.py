"""Models' files as made by hand: a real one taken apart, changed, and put together again as if by its maker."""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.training.model_file import from_planes, planes

About = dict[str, Any]
Members = dict[str, bytes]
Array = NDArray[Any]
Change = Callable[[About, Members], object]


def members_of(path: Path) -> Members:
    """Every member of a file by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def altered(
    path: Path,
    to: Path,
    change: Change,
    *,
    signed: bool = True,
) -> Path:
    """The file in `path` with its `model.json` and other members changed, written to `to`; `signed` has lengths and
    digests fit again, as who alters one on purpose would see to."""
    members = members_of(path)
    about = json.loads(members.pop("model.json"))
    change(about, members)
    if signed:
        for name, data in members.items():
            said = about["members"].setdefault(name, {})
            said |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", json.dumps(about))
        for name, data in members.items():
            archive.writestr(name, data)
    return to


def put(name: str, data: bytes) -> Change:
    return lambda _about, members: members.__setitem__(name, data)


def say(**fields: object) -> Change:
    return lambda about, _members: about.update(fields)


def array_changed(name: str, change: Callable[[Array], Array]) -> Change:
    """Change the numbers of one array."""

    def changed(about: About, members: Members) -> None:
        said = about["members"][name]
        array = from_planes(members[name], said["dtype"], tuple(said["shape"])).copy()
        array = change(array)
        members[name] = planes(array)
        said["shape"], said["dtype"] = list(array.shape), array.dtype.str

    return changed


def first(value: float) -> Callable[[Array], Array]:
    def changed(array: Array) -> Array:
        array.reshape(-1)[0] = value
        return array

    return changed


def named(change: Callable[[list[Any]], list[Any]]) -> Change:
    def changed(_about: About, members: Members) -> None:
        members["names.json"] = json.dumps(change(json.loads(members["names.json"]))).encode()

    return changed


# What nobody's model holds, each alone in one that is whole otherwise.
HOSTILE: dict[str, Change] = {
    "a path out of the folder": put("../../evil.json", b"{}"),
    "an absolute path": put("/tmp/evil", b"x"),
    "a pickle": put("model.pkl", pickle.dumps(["x"])),
    "an array of NumPy's, which may hold a pickle": put("factors.npy", b"\x93NUMPY"),
    "another kind": say(kind="playlist"),
    "a later format": say(format=99),
    "an unknown field": say(solo=True),
    "no items": say(items=0),
    "more items than there are": say(items=61),
    "items without end": say(items=1 << 40),
    "another number of factors": say(factors=9),
    "negative counts": say(listeners=-1),
    "counts without end": say(interactions=10**30),
    "no lambda": say(regularization=0.0),
    "a lambda nothing can be solved with": say(regularization=1e308),
    "a seed below nothing": say(seed=-1),
    "a seed without end": say(seed=10**30),
    "an alpha without end": say(confidence={"transform": "log", "alpha": 1e308, "cap": 1.0}),
    "an impossible alpha": say(confidence={"transform": "log", "alpha": -1.0, "cap": 1.0}),
    "no date": say(trained="yesterday"),
    "weights of what is unknown": say(ensemble={"magic": 1.0}),
    "no weights": say(ensemble={}),
    "a quality without figures": say(quality={"listeners": 1, "measured": {}, "baselines": {}}),
    "a level there is not": say(level="albums"),
    "tracks that are artists": say(level="tracks"),
    "text without end": say(source="x" * 5000),
    "NaN": array_changed("factors", first(np.nan)),
    "infinity": array_changed("largest", first(np.inf)),
    "numbers beyond all bounds": array_changed("largest", first(1e30)),
    "NaN among the neighbours": array_changed("neighbours_largest", first(np.nan)),
    "negative listeners": array_changed("listeners", first(-5)),
    "another shape": array_changed("factors", lambda array: array[:-1]),
    "another type": array_changed("listeners", lambda array: array.astype("<f4")),
    "dates for counts": array_changed("plays", lambda array: array.astype("<M8[s]")),
    "neighbours that do not add up": array_changed("neighbours_counts", first(10_000)),
    "neighbours of nobody": array_changed("neighbours_gaps", first(1 << 30)),
    "one name too few": named(lambda found: found[1:]),
    "a name of nothing": named(lambda found: [" ", *found[1:]]),
    "names that are numbers": named(lambda found: [1, *found[1:]]),
    "tags of no item": put("tags.json", b'[[600, "rock", 1.0]]'),
    "no JSON": put("tags.json", b"["),
    "deep JSON": put("tags.json", b"[" * 100_000),
    "a part of the neighbours": lambda about, members: (
        members.pop("neighbours_gaps"),
        about["members"].pop("neighbours_gaps"),
    ),
    "no factors": lambda about, members: (members.pop("factors"), about["members"].pop("factors")),
    "a pack that is a path": say(packs=["../../../etc"]),
    "a pack of ten thousand letters": say(packs=["x" * 10_000]),
    "controls in what it is from": say(source="\x1b[2Jhere"),
    "a bomb": lambda _about, members: members.update({"names.json": b"[" + b" " * (64 << 20) + b"]"}),
}
