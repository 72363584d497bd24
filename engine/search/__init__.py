"""Names found as people type them: in part, in another order, with a slip. One way for own and community names."""

from engine.search.names import Names, build_names, open_names, write_names
from engine.search.query import Hit, Place, Query, answers, best

__all__ = ["Hit", "Names", "Place", "Query", "answers", "best", "build_names", "open_names", "write_names"]
