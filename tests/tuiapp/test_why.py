"""The panel that says why: nothing in it is wider than it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.model.ensemble import MEMBERS
from engine.recommend.lists import Explanation, Share
from tuiapp.widgets.why import why


@settings(deadline=None, max_examples=80, derandomize=True)
@given(
    st.integers(36, 90),
    st.dictionaries(st.sampled_from([*MEMBERS, "today"]), st.floats(-0.5, 1.0), min_size=2),
)
def test_what_a_score_is_ranked_by_breaks_at_commas_and_fits(width: int, members: dict[str, float]) -> None:
    told = Explanation("Burel", 1.0, 1, 10, 0, (Share("Moire", 1.0),), members=members)
    lines = why(told, width, 40).plain.split("\n")
    ranked = [
        line for line in lines[lines.index("because of") :] if "ranked by" in line or line.startswith("  ")
    ]
    assert all(cell_len(line) <= width for line in ranked), ranked
