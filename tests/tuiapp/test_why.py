"""The panel that says why: nothing in it is wider than it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.model.ensemble import MEMBERS
from engine.recommend.lists import Explanation, Share, TasteShare, TasteShares
from engine.session.artist_pages import ArtistCard
from engine.store.artists import PlayedArtist
from tuiapp.cli.artist import _print
from tuiapp.screens.artist import drawn
from tuiapp.widgets.why import why


@settings(deadline=None, max_examples=80, derandomize=True)
@given(
    st.integers(36, 90),
    st.dictionaries(st.sampled_from([*MEMBERS, "today"]), st.floats(-0.5, 1.0), min_size=2),
)
def test_what_a_score_is_ranked_by_breaks_at_commas_and_fits(width: int, members: dict[str, float]) -> None:
    explanation = Explanation("Burel", 1.0, 1, 10, 0, (Share("Moire", 1.0),), members=members)
    lines = why(explanation, width, 40).plain.split("\n")
    ranked = [
        line for line in lines[lines.index("because of") :] if "ranked by" in line or line.startswith("  ")
    ]
    assert all(cell_len(line) <= width for line in ranked), ranked


@pytest.mark.parametrize("width", [36, 76])
def test_an_artist_page_gives_reasons_by_the_groups_of_the_panel(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = TasteShares((TasteShare(("Moire", "Lark"), 12, 0.6), TasteShare(("Calder",), 0, 0.3)), 0.1)
    singles = tuple(Share(f"Single {number}", 0.02) for number in range(5))
    card = ArtistCard("Burel", "burel", None, PlayedArtist(0, None, None, {}, ()), why=singles, tastes=groups)
    explanation = Explanation("Burel", 1.0, 1, 10, 0, singles, tastes=groups)
    panel = why(explanation, width, 40).plain.split("\n")
    page = drawn(card, width).plain.split("\n")
    begun = page.index("recommended because of") + 1
    assert page[begun : begun + 5] == panel[panel.index("because of") + 1 :][:5]
    assert "60 %" in page[begun]
    assert "Single 0" not in "".join(page)
    assert all(cell_len(line) <= width for line in page)
    _print(card)
    assert "because of 60 % Moire, Lark and 12 more like them · 30 % Calder · 10 % the rest" in (
        capsys.readouterr().out
    )
