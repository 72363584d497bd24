"""What is installed with Discover: versions, licences, altered files, and known vulnerabilities.

Read only from this environment's metadata, without the network.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
import zlib
from importlib import metadata
from typing import NamedTuple
from xml.parsers import expat

NAME = "discover-music"
# Fixed versions and vulnerabilities of libraries bundled with Python that read untrusted data, as known on 2026-11-29.
# For SQLite those reachable from a file or a statement (sqlite.org/cves.html, osv.dev), for expat those of its change
# log that a document can reach as Python calls it.
_HOLES = {
    "SQLite": (
        ("3.50.2", "CVE-2025-6965"), ("3.53.2", "CVE-2026-11822, CVE-2026-11824"),
        ("3.54.0", "CVE-2026-119371, CVE-2026-119372, CVE-2026-119373, CVE-2026-119374, CVE-2026-119378"),
    ),
    "expat": (
        ("2.6.0", "CVE-2023-52425"), ("2.6.2", "CVE-2024-28757"), ("2.6.3", "CVE-2024-45491, CVE-2024-45492"),
        ("2.7.0", "CVE-2024-8176"), ("2.7.2", "CVE-2025-59375"), ("2.7.4", "CVE-2026-25210"),
        ("2.8.0", "CVE-2026-41080"), ("2.8.1", "CVE-2026-45186"),
        ("2.8.2", "CVE-2026-56132, CVE-2026-56403, CVE-2026-56404, CVE-2026-56405, CVE-2026-56407, CVE-2026-56408"),
        ("2.8.4", "CVE-2026-66046, CVE-2026-76641"), ("2.8.5", "CVE-2026-93990"),
    ),
}  # fmt: skip
_REQUIRED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MAX_LICENCE = 60


class Installed(NamedTuple):
    """A distribution with its licence, empty if it names none, and its altered files."""

    name: str
    version: str
    licence: str
    altered: tuple[str, ...] = ()


def system_libraries() -> dict[str, str]:
    """The libraries below Python, each with its version and known vulnerabilities.

    >>> with_holes("expat", "2.8.4")
    '2.8.4; known holes by this version: CVE-2026-93990 (fixed in 2.8.5)'
    """
    versions = {
        "SQLite": sqlite3.sqlite_version,
        "expat": expat.EXPAT_VERSION.removeprefix("expat_"),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }
    return {name: with_holes(name, version) for name, version in versions.items()}


def with_holes(library: str, version: str) -> str:
    """A version, and the library's known vulnerabilities that a later one fixes."""
    known = [
        f"{holes} (fixed in {mended})"
        for mended, holes in _HOLES.get(library, ())
        if _in_order(version) < _in_order(mended)
    ]
    return f"{version}; known holes by this version: {', '.join(known)}" if known else version


def _in_order(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def installed(*, check: bool = False) -> list[Installed]:
    """Discover and everything it requires that is installed, extras too, by name; with `check` its files are read."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [NAME]
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            found[key] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        required = (_REQUIRED.match(text) for text in found[key].requires or ())
        waiting += [match[0] for match in required if match]
    return [
        Installed(name, one.version, licence_of(one), altered(one) if check else ())
        for name, one in sorted(found.items())
    ]


def licence_of(distribution: metadata.Distribution) -> str:
    """The licence a distribution names: as an expression, else by its classifiers, else in words."""
    about = distribution.metadata
    if "License-Expression" in about:
        return about["License-Expression"]
    classified = [
        text.rpartition(" :: ")[2]
        for text in about.get_all("Classifier") or ()
        if text.startswith("License ::")
    ]
    in_words = (about.get_all("License") or [""])[0]
    return ", ".join(classified) or in_words.strip().split("\n")[0][:_MAX_LICENCE]


def altered(distribution: metadata.Distribution) -> tuple[str, ...]:
    """Files that are missing or whose digest differs from the installed one."""
    found = []
    for file in distribution.files or ():
        # Files made later (bytecode) are listed without a digest.
        if file.hash is None:
            continue
        try:
            with open(str(file.locate()), "rb") as stream:  # noqa: PTH123 - may be any kind of path
                digest = hashlib.file_digest(stream, file.hash.mode).digest()
        except (OSError, ValueError):
            found.append(str(file))
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            found.append(str(file))
    return tuple(found)
