"""The tuner's table in short: the best of each kind, longer fits before shorter ones."""

from __future__ import annotations

from engine.training.tuning_summary import Best, best_of_each, collapsed, factors_in_words, in_words


def trial(transform: str, ndcg: float, *, sweeps: int = 20, exponent: float = 0.0) -> dict:
    return {
        "confidence": {"transform": transform, "alpha": 1.0, "cap": 100.0},
        "regularization": 5.0,
        "factors": 40,
        "frequency_exponent": exponent,
        "sweeps": sweeps,
        "ndcg": ndcg,
        "collapsed": ndcg == 0.0,
    }


TABLE = {
    "trials": [
        trial("log", 0.31, sweeps=4),
        trial("log", 0.28, exponent=0.75),
        trial("log", 0.29),
        trial("binary", 0.27, sweeps=8),
        trial("binary", 0.4, sweeps=4),
        trial("linear", 0.0, sweeps=4),
    ]
}


def test_of_each_name_the_longest_fit_counts_and_of_those_the_best() -> None:
    groups = best_of_each(TABLE)
    assert groups["counts"] == (
        Best("log(1 + plays)", 0.29, 20),
        Best("played or not", 0.27, 8),
        Best("capped plays", 0.0, 4),
    )
    assert [best.ndcg for best in groups["lambda"]] == [0.29, 0.28]
    assert collapsed(TABLE) == 1
    assert in_words(TABLE)[0] == (
        "counts: log(1 + plays) 0.290, played or not 0.270 after 8 sweeps, capped plays 0.000 after 4 sweeps"
    )


def test_without_a_search_there_is_nothing_to_say() -> None:
    assert best_of_each({}) == {}
    assert in_words({"trials": [], "searched": False}) == []


def test_only_where_other_factors_were_tried_is_it_said_how_all_rank_with_each() -> None:
    assert factors_in_words(TABLE) == ""
    assert factors_in_words({"by_factors": {"40": 0.308, "128": 0.3141}}) == (
        "all together: 40 factors 0.308, 128 factors 0.314"
    )
