"""Search for names as people type them: partial, reordered, misspelt. The same for own and community names."""

from engine.search.query import Hit, Query, SearchedIndex, answers, best
from engine.search.trigram_index import (
    MAX_NAMES,
    NameIndex,
    build_names,
    merged_names,
    open_names,
    write_names,
)

__all__ = [
    "MAX_NAMES",
    "Hit",
    "NameIndex",
    "Query",
    "SearchedIndex",
    "answers",
    "best",
    "build_names",
    "merged_names",
    "open_names",
    "write_names",
]
