"""Names found as people type them: in part, in another order, with a slip. One way for own and community names."""

from engine.search.query import Hit, Query, SearchedIndex, answers, best
from engine.search.trigram_index import NameIndex, build_names, open_names, write_names

__all__ = [
    "Hit",
    "NameIndex",
    "Query",
    "SearchedIndex",
    "answers",
    "best",
    "build_names",
    "open_names",
    "write_names",
]
