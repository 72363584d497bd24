"""Models' files as made by hand: a real one taken apart, changed, and put together again as if by its maker."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Members = dict[str, bytes]


def members_of(path: Path) -> Members:
    """Every member of a file by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def altered(
    path: Path,
    to: Path,
    change: Callable[[dict[str, Any], Members], None],
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
