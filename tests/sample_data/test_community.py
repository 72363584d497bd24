"""The community has the size and the shape the sample promises."""

from __future__ import annotations

from collections import Counter

import numpy as np

from sample_data import catalog, genres, made_up_names
from tests.support import reading


def test_counts() -> None:
    plays = reading.plays()
    assert len(np.unique(plays[:, 0])) == 2500
    assert len(np.unique(plays[:, 1])) == 1500
    assert len({(listener, artist) for listener, artist, _ in plays.tolist()}) == len(plays)
    assert 85_000 <= len(plays) <= 105_000


def test_popularity_and_plays_have_heavy_tails() -> None:
    plays = reading.plays()
    a_listener = np.bincount(plays[:, 0])[1:]
    an_artist = np.sort(np.bincount(plays[:, 1])[1:])
    assert 30 <= np.median(a_listener) <= 40
    assert 150 <= a_listener.max() <= 300
    assert an_artist[0] >= 1
    assert an_artist[-1] > 10 * np.median(an_artist)
    assert an_artist[-150:].sum() > 0.4 * an_artist.sum()
    assert plays[:, 2].min() == 1
    assert np.median(plays[:, 2]) < 30
    assert plays[:, 2].max() > 5000


def test_names_are_unique_and_in_several_scripts() -> None:
    artists = [row[1] for row in reading.table("artists.dat")]
    assert len(artists) == 1500
    assert len({made_up_names.plain_key(artist) for artist in artists}) == 1500
    assert all(
        row[0] == str(place + 1) and len(row) == 4 for place, row in enumerate(reading.table("artists.dat"))
    )
    assert 5 < sum(not artist.isascii() for artist in artists) < 200
    words = {made_up_names.plain_key(word) for artist in artists for word in artist.split()}
    assert not words & made_up_names.DENIED


def test_tags_name_the_genres() -> None:
    tags = {row[0]: row[1] for row in reading.table("tags.dat")}
    assert set(genres.NAMES) <= set(tags.values())
    rows = reading.table("user_taggedartists.dat")
    heard = {(listener, artist) for listener, artist, _ in reading.plays().tolist()}
    assert all((int(row[0]), int(row[1])) in heard for row in rows)
    assert len({row[1] for row in rows}) == 1500
    used = Counter(tags[row[2]] for row in rows)
    assert sum(used[name] for name in genres.NAMES) > 0.7 * len(rows)


def test_genres_overlap() -> None:
    weights = catalog.make_catalog(np.random.default_rng(1)).genre_weights
    count = (weights > 0).sum(axis=1)
    assert set(count.tolist()) == {1, 2, 3}
    assert np.allclose(weights.sum(axis=1), 1.0)


def test_item_neighbours_beat_popularity_and_are_few() -> None:
    """Who listens to what is not chance: neighbours by cosine find held-out artists far better than fame. And as in a
    real community an artist is near a few others, not near hundreds."""
    matrix = np.zeros((2500, 1500), dtype=np.float32)
    plays = reading.plays()
    matrix[plays[:, 0] - 1, plays[:, 1] - 1] = 1.0
    hidden = (np.random.default_rng(0).random(matrix.shape, dtype=np.float32) < 0.2) & (matrix > 0)
    train = np.where(hidden, 0.0, matrix).astype(np.float32)
    norms = np.sqrt(train.sum(axis=0)) + 1e-9
    cosine = (train.T @ train) / norms[:, None] / norms[None, :]
    np.fill_diagonal(cosine, 0.0)

    def hits(scores: np.ndarray) -> int:
        top = np.argpartition(-np.where(train > 0, -np.inf, scores), 20, axis=1)[:, :20]
        return int(np.take_along_axis(hidden, top, axis=1).sum())

    by_fame = hits(np.broadcast_to(train.sum(axis=0), train.shape))
    assert hits(train @ cosine) > 1.8 * by_fame
    nearest = -np.sort(-cosine[train.sum(axis=0) >= 10], axis=1)
    assert np.median(nearest[:, 0]) > 0.25
    assert np.median(nearest[:, 99]) < 0.1
