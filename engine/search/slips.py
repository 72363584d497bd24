"""Typing errors ("slips") between two names: a letter dropped, doubled, swapped with the next, or replaced.

The distance is that of optimal string alignment, computed for all letters of the first name at once in the bits of
one number (Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache


def slips(asked: str, name: str, most: int) -> int:
    """The number of slips between two names; `most` + 1 if it is more.

    >>> slips("burail", "burial", 2), slips("boards", "bored", 2), slips("boards", "canada", 2)
    (1, 3, 3)
    """
    if abs(len(asked) - len(name)) > most:
        return most + 1
    return min(most + 1, _distances(asked, name)[-1])


def slips_from_start(asked: str, name: str, most: int) -> tuple[int, int]:
    """The number of slips between `asked` and the closest prefix of a name, and between it and the whole name.

    Each at most `most` + 1.

    >>> slips_from_start("radiohed", "radiohead tribute", 2), slips_from_start("burail", "burial", 2)
    ((1, 3), (1, 1))
    """
    found = _distances(asked, name[: len(asked) + most])
    whole = found[-1] if len(name) <= len(asked) + most else most + 1
    return min(most + 1, *found), min(most + 1, whole)


def one_slip_away(name: str, letters: str) -> Iterator[str]:
    """Every text one slip away, inserting these letters.

    >>> sorted(set(one_slip_away("ab", "a")))
    ['a', 'aa', 'aab', 'aba', 'b', 'ba']
    """
    for place in range(len(name) + 1):
        head, tail = name[:place], name[place:]
        for letter in letters:
            yield f"{head}{letter}{tail}"
        if tail:
            rest = tail[1:]
            yield head + rest
            for letter in letters:
                if letter != tail[0]:
                    yield f"{head}{letter}{rest}"
            if rest and rest[0] != tail[0]:
                yield f"{head}{rest[0]}{tail[0]}{rest[1:]}"


@lru_cache(maxsize=8)
def _places(asked: str) -> dict[str, int]:
    """Where each letter is in a name, as bits: one query is compared with hundreds of names."""
    found: dict[str, int] = {}
    for place, letter in enumerate(asked):
        found[letter] = found.get(letter, 0) | 1 << place
    return found


def _distances(asked: str, name: str) -> list[int]:
    """The distance to every beginning of `name`, from the empty one on."""
    if not asked:
        return list(range(len(name) + 1))
    places = _places(asked)
    last = 1 << len(asked) - 1
    every = (last << 1) - 1
    # Bits where the next letter of `asked` costs one more, or one less; the places of the letter before.
    more, less, before, matched = every, 0, 0, 0
    distance = len(asked)
    found = [distance]
    for letter in name:
        here = places.get(letter, 0)
        swapped = ((~matched & here) << 1) & before
        matched = (((here & more) + more) ^ more) | here | less | swapped
        right_more = less | ~(matched | more)
        right_less = more & matched
        if right_more & last:
            distance += 1
        elif right_less & last:
            distance -= 1
        right_more = right_more << 1 | 1
        more = (right_less << 1 | ~(matched | right_more)) & every
        less = right_more & matched & every
        before = here
        found.append(distance)
    return found
