"""The panel that says why: nothing in it is wider than it is."""

from __future__ import annotations

import re

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
from tuiapp.tastes import in_a_line
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


@pytest.mark.parametrize("height", [9, 16, 40])
def test_of_few_artists_the_panel_has_the_shares_of_the_list_and_the_page(
    height: int, capsys: pytest.CaptureFixture[str]
) -> None:
    speaking = [0.2694, 0.2649, 0.2043, 0.0742, 0.0642, 0.06, 0.03, 0.0185, 0.0145]
    against = [0.07, 0.06, 0.01]
    names = [f"Own {number}" for number in range(12)]
    one = [TasteShare((name,), 0, share) for name, share in zip(names, [*speaking, *against], strict=True)]
    tastes = TasteShares(tuple(one[:3]), sum(speaking[3:]), tuple(one[9:11]), sum(against))
    net = 1.0 - sum(against)
    signed = [*speaking, *(-part for part in against)]
    singles = tuple(Share(name, part / net) for name, part in zip(names, signed, strict=True))
    line = in_a_line(tastes)
    assert line.startswith("27 % Own 0 · 27 % Own 1 · 20 % Own 2 · 26 % the rest · against it 7 % Own 9")
    card = ArtistCard("Burel", "burel", None, PlayedArtist(0, None, None, {}, ()), why=singles, tastes=tastes)
    _print(card)
    assert f"because of {line}" in capsys.readouterr().out
    panel = why(Explanation("Burel", 1.0, 1, 10, 0, singles, tastes=tastes), 60, height).plain
    assert len(panel.split("\n")) <= height
    _says_as_the_list(panel)
    _says_as_the_list(drawn(card, 60).plain)


def _says_as_the_list(panel: str) -> None:
    said = re.findall(r"^(Own \d+|the rest) .* (\d+) %$", panel, re.MULTILINE)
    assert [(name, int(part)) for name, part in said[:3]] == [("Own 0", 27), ("Own 1", 27), ("Own 2", 20)]
    assert sum(int(part) for _, part in said) == 100
    assert "against it 7 % Own 9\nagainst it 6 % Own 10" in panel


@pytest.mark.parametrize("width", [24, 30, 50])
def test_how_many_more_there_are_is_never_cut_off(width: int) -> None:
    groups = TasteShares((TasteShare(("Brixarirow & the Orchards", "Lark"), 24, 0.6),), 0.4)
    explanation = Explanation("Burel", 1.0, 1, 10, 0, (Share("Lark", 0.02),), tastes=groups)
    (line,) = [line for line in why(explanation, width, 40).plain.split("\n") if "Brix" in line]
    assert line.removesuffix(" like them").endswith((" and 25 more", "Lark and 24 more"))
    assert cell_len(line) <= width
