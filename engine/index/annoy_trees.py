"""Annoy trees on disk: one forest for related items, one per norm shard for the largest inner products.

Annoy's own `dot` metric loses its extra coordinate while splitting (1.17.3), and one extra coordinate for the
whole catalog fails where a single very long item makes all others look parallel to it. So items are cut
into shards of similar norm M, each vector y becomes (y, sqrt(M^2 - |y|^2)), all of length M, and the angular
order equals the order by inner product (Bachrach et al. 2014, section 3.1). Shards are asked longest first,
and Cauchy-Schwarz ends the search at a shard too short to matter. Whatever comes back is scored exactly.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DamagedDataError, DiscoverError, reason, unreadable
from engine.index.manifest import FileRecord, TreeFile, check_digest
from engine.index.norm_scan import NormOrder
from engine.index.scores import EMPTY, Ids, Result, cosines, products, ranked
from engine.mapped import watch
from engine.progress import Share

SHARDS = 8
# Fewer items than this are not worth a shard of their own.
_MIN_SHARD = 256
METRIC = "angular"
# Bytes of a node in front of its vector of 4-byte numbers: how many are below it, and which.
_NODE_HEAD = 12
# How its words of what the disk refused end.
_NUMBER = re.compile(r"\((\d+)\)$")
# Recall is calibrated for lists of this length; deeper ones get proportionally more effort.
CALIBRATED_K = 100


def annoy_module() -> Any:
    """The annoy package. Raises DiscoverError with the way out when it is not installed."""
    try:
        import annoy  # only trees need it, and starting without it is quicker
    except ImportError as error:
        raise DiscoverError(
            "annoy is not installed. It comes as source only and needs a C++ compiler: install one (Debian, "
            "Ubuntu: `apt install g++ python3-dev`; Fedora: `dnf install gcc-c++ python3-devel`; macOS: "
            "`xcode-select --install`; Windows: the Visual Studio Build Tools), then `pip install annoy`"
        ) from error
    return annoy


def annoy_version() -> str:
    """The installed version of annoy, "" where there is none; its files differ between versions."""
    from importlib.metadata import PackageNotFoundError, version  # as annoy itself

    try:
        return version("annoy")
    except PackageNotFoundError:
        return ""


# -- building ---------------------------------------------------------------------------------------------


def head_size(items: int) -> int:
    """How many of the longest items are scored exactly before any tree: outlier norms are among them.

    On 130,000 trained items the milliseconds at equal recall grew threefold with 1,024 and tenfold with 256.
    """
    return min(items // 32, 4_096)


def plan_trees(items: NormOrder, trees: int) -> list[TreeFile]:
    """The tree files to build: related items first, then shards of equal count in descending norm.

    Zero vectors have no direction and are left out of the first; a catalog of nothing else has none.
    """
    end = items.with_direction
    plan = [_tree_file("nearest.ann", 0, end, items, trees, augmented=False)] if end else []
    head, end = head_size(len(items.order)), len(items.order)
    shards = min(SHARDS, max(1, (end - head) // _MIN_SHARD))
    bounds = np.linspace(head, end, shards + 1).round().astype(int).tolist()
    for shard, (start, stop) in enumerate(itertools.pairwise(bounds)):
        if stop > start:
            plan.append(_tree_file(f"shard-{shard}.ann", start, stop, items, trees, augmented=True))
    return plan


def _tree_file(
    name: str, start: int, stop: int, items: NormOrder, trees: int, *, augmented: bool
) -> TreeFile:
    return TreeFile(
        file=name,
        kind="best" if augmented else "nearest",
        start=start,
        stop=stop,
        dimension=items.factors.shape[1] + augmented,
        trees=trees,
        norm=float(items.norms[start]),
        augmented=augmented,
    )


def build_tree_file(folder: Path, items: NormOrder, plan: TreeFile, seed: int) -> None:
    """Build and save one tree file.

    Annoy gives identical bytes for one thread and one seed; files are independent, so several may be built at
    once in threads of ours (Annoy releases the interpreter's lock while it builds).
    """
    forest = annoy_module().AnnoyIndex(plan.dimension, METRIC)
    forest.set_seed(seed)
    rows = 16_384
    for start in range(plan.start, plan.stop, rows):
        vectors = _tree_vectors(items, plan, start, min(start + rows, plan.stop))
        for local, vector in enumerate(vectors.tolist(), start - plan.start):
            forest.add_item(local, vector)
    forest.build(plan.trees, n_jobs=1)
    try:
        with _as_text(folder / plan.file) as path:
            forest.save(path)
    except OSError as error:
        # Annoy has the number in its words alone.
        found = _NUMBER.search(str(error))
        if error.errno is not None or found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1])), str(folder / plan.file)) from error
    finally:
        forest.unload()


@contextmanager
def _as_text(path: Path) -> Iterator[str]:
    """The path as Annoy takes it. A folder whose name is not UTF-8 goes by its number in this process."""
    if os.fsencode(path).decode("utf-8", "replace") == str(path):
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _tree_vectors(items: NormOrder, plan: TreeFile, start: int, stop: int) -> NDArray[np.float64]:
    """Vectors at places `start` to `stop` with length at most 1, augmented to exactly 1 where planned."""
    vectors = items.factors[start:stop].astype(np.float64)
    norms = items.norms[start:stop]
    if not plan.augmented:
        return vectors / norms[:, None]
    longest = plan.norm or 1.0
    extra = np.sqrt(np.maximum(0.0, 1.0 - (norms / longest) ** 2))
    return np.column_stack((vectors / longest, extra))


def build_tree_files(
    folder: Path, items: NormOrder, plans: Sequence[TreeFile], seed: int, progress: Share
) -> None:
    """Build several tree files at once, reporting after each; when that raises, the rest is dropped."""
    annoy_module()
    sizes = {plan.file: plan.stop - plan.start for plan in plans}
    done, every = 0, sum(sizes.values())
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        try:
            building = {pool.submit(build_tree_file, folder, items, plan, seed): plan for plan in plans}
            for built in as_completed(building):
                built.result()
                done += sizes[building[built].file]
                progress(done / every)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


# -- asking -----------------------------------------------------------------------------------------------


class Trees:
    """Opened tree files over a `NormOrder`. Places found by the trees are always scored exactly."""

    def __init__(self, items: NormOrder, forests: Sequence[tuple[TreeFile, Any]], head: int) -> None:
        self._items = items
        self._head = head
        self._shards = [(plan, forest) for plan, forest in forests if plan.kind == "best"]
        self._nearest = [(plan, forest) for plan, forest in forests if plan.kind == "nearest"]

    def best(self, query: NDArray[np.float64], k: int, excluded: Ids, search_k: int) -> Result:
        """The `k` largest inner products among the head and what the shards' trees propose.

        Fewer than `k` when the trees propose too few.
        """
        if not k:
            return EMPTY
        skipped = np.sort(self._items.places[excluded])
        length = float(np.sqrt(query @ query))
        # Annoy compares directions only, so the query may have any length above zero.
        unit = (query / length).astype(np.float32) if length > 0 else query.astype(np.float32)
        coordinates = [*unit.tolist(), 0.0]
        places = np.setdiff1d(np.arange(self._head), skipped, assume_unique=True)
        scores = self._items.factors[: self._head][places] @ unit
        for plan, forest in self._shards:
            if len(scores) >= k and plan.norm < np.partition(scores, len(scores) - k)[len(scores) - k]:
                break
            found = _propose(plan, forest, coordinates, k, skipped, search_k)
            places = np.concatenate((places, found))
            scores = np.concatenate((scores, self._items.factors[found] @ unit))
        if len(scores) > 2 * k:
            places = places[np.argpartition(-scores, 2 * k)[: 2 * k]]
        return ranked(self._items.order[places], products(self._items.factors[places], query), k)

    def nearest(self, query: NDArray[np.float64], k: int, excluded: Ids, search_k: int) -> Result:
        """The `k` largest cosines to a non-zero `query` among what the trees propose."""
        skipped = np.sort(self._items.places[excluded])
        unit = (query / np.sqrt(query @ query)).tolist()
        places = EMPTY[0]
        for plan, forest in self._nearest:
            places = _propose(plan, forest, unit, k, skipped, search_k) if k else places
        scores = cosines(self._items.factors[places], self._items.norms[places], query)
        return ranked(self._items.order[places], scores, k)


def effort_for(depth: int) -> float:
    """How many times the calibrated `search_k` a list needs that is `depth` deep."""
    return max(1.0, depth / CALIBRATED_K)


def _propose(plan: TreeFile, forest: Any, query: list[float], k: int, skipped: Ids, search_k: int) -> Ids:
    """Places a tree file proposes. Annoy has no filter: ask for as many more as are skipped inside it."""
    inside = skipped[np.searchsorted(skipped, plan.start) : np.searchsorted(skipped, plan.stop)]
    wanted = min(k + len(inside), plan.stop - plan.start)
    # What is skipped is mostly what scores highest, so the list asked for begins that much deeper.
    effort = int(search_k * effort_for(k + len(skipped)))
    local = forest.get_nns_by_vector(query, wanted, max(1, effort))
    found: Ids = np.asarray(local, dtype=np.int64) + plan.start
    return found[~np.isin(found, inside)] if len(inside) else found


def open_trees(
    folder: Path, items: NormOrder, plans: Sequence[TreeFile], records: dict[str, FileRecord], *, head: int
) -> Trees:
    """Map tree files after checking each against its record; `records` is empty for files just built.

    Annoy checks nothing but that the size is a multiple of a node's: an altered file would crash the program.
    Raises DamagedDataError for a file that is missing, altered or of another shape.
    """
    forests = []
    for plan in plans:
        path = folder / plan.file
        if plan.file in records:
            check_digest(folder, plan.file, records[plan.file])
        forest = annoy_module().AnnoyIndex(plan.dimension, METRIC)
        try:
            # Annoy writes on the terminal what it finds here.
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
            if not size or size % (_NODE_HEAD + 4 * plan.dimension):
                raise DamagedDataError(f"{path}: holds no whole nodes; repair it: discover doctor --repair")
            with _as_text(path) as text:
                forest.load(text)
            watch(path)
        except OSError as error:
            raise unreadable(
                error,
                path,
                f"{path}: cannot be mapped ({reason(error)}); repair it: discover doctor --repair",
            ) from error
        if forest.get_n_items() != plan.stop - plan.start:
            raise DamagedDataError(
                f"{path}: holds another number of items; repair it: discover doctor --repair"
            )
        forests.append((plan, forest))
    return Trees(items, forests, head)
