"""Operations on positions of a list, pure."""

from __future__ import annotations

from collections.abc import Collection


def shifted(count: int, chosen: Collection[int], by: int) -> list[int]:
    """Places 0 to `count` - 1 after each chosen one moved up (`by` below 0) or down, as a list of places before.

    A track that has come to the end stays there, and those after it close up.

    >>> shifted(5, [1, 3], -1), shifted(5, [0, 2], -1), shifted(4, [1], 9)
    ([1, 0, 3, 2, 4], [0, 2, 1, 3, 4], [0, 2, 3, 1])
    """
    order = list(range(count))
    for _ in range(min(abs(by), count)):
        order = _one_step(order, chosen) if by < 0 else _one_step(order[::-1], chosen)[::-1]
    return order


def _one_step(order: list[int], chosen: Collection[int]) -> list[int]:
    """Each chosen place before the one that was before it, unless that is chosen too."""
    order = list(order)
    for at in range(1, len(order)):
        if order[at] in chosen and order[at - 1] not in chosen:
            order[at - 1], order[at] = order[at], order[at - 1]
    return order


def moved_to(count: int, place: int, to: int) -> list[int]:
    """Places 0 to `count` - 1 after `place` was taken out and put in at `to`, as a list of places before.

    >>> moved_to(5, 0, 3), moved_to(3, 2, 0)
    ([1, 2, 3, 0, 4], [2, 0, 1])
    """
    order = list(range(count))
    order.insert(to, order.pop(place))
    return order
