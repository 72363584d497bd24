"""Tags for a model made by hand, as training writes them into its catalog."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing

from engine.community.catalog import Catalog, write_catalog
from engine.paths import Folders, digest_of
from engine.training.artifact import MANIFEST

# Of the artists of a model by hand: one genre within another, one beside them, and two decades.
TAGS = [
    *((item, "rock", 5.0) for item in range(30)),
    *((item, "post-punk", 4.0) for item in range(0, 30, 3)),
    *((item, "Post Punk", 1.0) for item in range(0, 12, 3)),
    *((item, "ambient", 3.0) for item in range(30, 50)),
    *((item, "80s", 2.0) for item in range(0, 40, 4)),
    *((item, "1990s", 2.0) for item in range(1, 40, 4)),
]


def give_tags(folders: Folders, tags: Iterable[tuple[int, str, float]] = TAGS) -> None:
    """Write these tags, (item, tag, weight), into the catalog of the model in use."""
    folder = folders.models / (folders.models / "current").read_text().strip()
    path = folder / "catalog.sqlite"
    with closing(Catalog(path)) as catalog:
        found = catalog.items(range(catalog.size))
    path.unlink()
    write_catalog(path, ((item.name, item.listeners, item.plays) for item in found.values()), tags)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["digests"][path.name] = digest_of(path)
    (folder / MANIFEST).write_text(json.dumps(manifest))
