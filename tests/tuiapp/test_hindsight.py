"""A look back in words: what won, and how surely."""

from __future__ import annotations

import msgspec

from tests.support.backtests import a_backtest
from tuiapp.hindsight import in_a_line, in_words


def test_who_is_better_is_said_with_how_surely_also_where_it_is_not_discover() -> None:
    words = in_words(a_backtest(popularity=(20, 1), item=(1, 20)), "artists")
    assert words[0] == (
        "Measured on 4 spans of 90 days, the last that brought anything new, from 2024-01-01 to 2024-12-26."
    )
    assert "Of the 40 artists you first played in them" in words[1]
    assert "0 among its first 20 and 12 among its first 50" in words[1]
    assert words[3].startswith("Discover is better than popularity for you: 20 artists only Discover had")
    assert words[4].startswith("Item neighbours are better than Discover for you: 1 artist only Discover had")
    assert "(difference -19, standard error 4.6)" in words[4]
    assert words[-1].startswith("Favouring recent plays did not clearly help")
    unsure = a_backtest(90.0)
    assert "Discover or popularity: too few to tell: 2 artists" in in_words(unsure, "artists")[3]
    assert in_a_line(unsure).endswith("popularity alone 12, too few to tell")
    assert "half-life of 90 days" in in_words(unsure, "artists")[-1]
    assert in_words(unsure, "tracks")[-1] == "Plays halve every 90 days, as for artists."
    counted = msgspec.structs.replace(unsure, counts=True)
    assert any("counts with only the last play dated" in line for line in in_words(counted, "artists"))


def test_which_ranking_was_measured_is_said_where_that_is_not_the_usual_one_in_force() -> None:
    usual = a_backtest()
    lean = msgspec.structs.replace(usual, ranking="fewer hits")
    assert in_words(usual, "artists") == in_words(usual, "artists", "usual")
    assert in_words(lean, "artists")[-2] == "This measures the ranking you kept, fewer hits."
    assert in_words(usual, "artists", "fewer hits")[-2].startswith(
        "This measures the ranking usual; Discover now ranks by fewer hits."
    )
