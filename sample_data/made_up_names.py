"""Pronounceable, invented names: every artist's contains a word that no language has (as far as we know).

Only `random.Random` is used, whose sequences are the same on every machine and Python version.
"""

from __future__ import annotations

import random
import unicodedata


def _words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


# flavour: (beginnings, middles, endings) of an invented word; each list is small so that words sound related.
_SYLLABLES: dict[str, tuple[str, str, str]] = {
    "northern": (
        "Vels Hvar Skjo Thor Eyd Njor Brae Fjel Ulv Stei Ryk Hald Sno Grim Ask",
        "ma re nda li vi dra ko sta ne hø ly ra",
        "heim vik dal rsund fell ldur gren rsk nir sen ska mar",
    ),
    "slavic": (
        "Zor Mil Vras Dobr Tesl Kov Lub Radm Bren Ostr Vyn Sel Jar Pok",
        "a e o i ora eni ina uvi alo išo ava",
        "nka vesk slev mira dek rycz nov tka len vana rin",
    ),
    "glass": (
        "Ax Vek Orb Tri Zel Quo Nyx Kry Lum Opt Syr Del Pha Ert Ix Mod Vox",
        "a o i ora ive uni eta alo ani ode ery",
        "tron dex lith phase rix von nal dyne mon trel ska vo",
    ),
    "island": (
        "Ran Jem Kem Tul Mor Bas Yor Nym Sel Dun Kor Tam",
        "a o i ami eko ula oba iri ata",
        "man bo tone rud ndo rai mba lick zi ton",
    ),
    "street": (
        "Kez Drav Mon Skee Tru Jax Fli Doz Brix Kway Zee Nol Rak",
        "a o i ey emo izo ule ari",
        "lo zer mane tell dro vell ka row nix bo ty",
    ),
    "southern": (
        "Del Mar Ola Cass Bel Sav Tor Rem Lav Ess Jun Vin Cor Al Ros",
        "a e i ora eni ari ulo amo este ivi",
        "velle monte rossa dane field ry sante lina do quin bert nova",
    ),
    "bright": (
        "Lir Aven Sola Mir Pal Wel Cyr Hal Isl Ari Fen Nov Tay Ev Sib",
        "a e i ola ene ari ive umi ela",
        "wyn line dra sette ris lia ne lo mere spell vale thy",
    ),
    "iron": (
        "Grav Mor Krag Thul Drex Vor Skar Bral Hex Gor Urz Nek Rusk Wrak Tarn",
        "a o u ga ora eku ami ith oga",
        "goth zul rak mord vast thane rne x shard dun grim kor",
    ),
    "oak": (
        "Bram Ash Hol Wen Thack Mill El Cor Dun Har Lyd Pell Tam Ros Win Fair",
        "a e en er ing el ow in",
        "by worth combe more ley ton hollow wick brook leigh stead ford",
    ),
}
FLAVOURS: tuple[str, ...] = tuple(_SYLLABLES)

_FIRST = _words(
    """
    Ilsa Tobin Maret Oswin Calla Benno Fenna Rufin Ysolt Dario Nell Ansel Tove Kasimir Liv Jory Amina
    Sunniva Odell Perrin Zadie Emrik Lotte Hamish Noor Silvan Mabel Idris Thea Corin Petra Elio Wanda Joss
    Saskia Ravi
    """
)
_GROUP = {
    "northern": "Choir|Observatory|Ensemble|Archive|North|Station|Tide",
    "slavic": "Quartet|Ensemble|Trio|Chamber|Sextet|Players",
    "glass": "System|Unit|Sequence|Protocol|Array|Circuit|Division",
    "island": "Sound|All Stars|Hi-Fi|Roots|Conference|Dubwise",
    "street": "Collective|Crew|Cartel|Committee|Clique|Union",
    "southern": "Trio|Quintet|Orchestra|Revue|Combo|Five|Big Band",
    "bright": "Club|Parade|Holiday|Garden|Weather|Choir|Hotel",
    "iron": "Front|Legion|Order|Youth|Ritual|Machine|Patrol",
    "oak": "Family|Ramblers|County|Singers|Band|Revival|Brothers",
}
_NOUNS = _words(
    """
    Harbour Lantern River Window Winter Orchard Signal Mirror Garden Ember Shoreline Attic Compass Meadow
    Copper Ferry Tower Feather Thunder Paper Velvet Island Station Canyon Marble Satellite Valley Ocean
    Bicycle Kitchen Letter Staircase Morning Midnight Summer November Parade Curtain Engine Ladder Needle
    Pocket Ribbon Shadow Static Sugar Tunnel Umbrella Violet Whistle Carousel Balcony Cinder Delta Echo
    Fable Glacier Horizon Ink Juniper
    """
)
_ADJECTIVES = _words(
    """
    Slow Quiet Golden Hollow Distant Broken Silver Empty Gentle Electric Bitter Borrowed Careful Crooked
    Faded Frozen Hidden Last Little Lonely Lucky Northern Open Painted Patient Pale Reckless Restless Second
    Sleeping Sudden Tender Unfinished Wandering Warm Weightless Wild Yellow Ordinary Late Blue Falling
    Burning Dusty Plain
    """
)
_VERBS = _words(
    """
    Waiting Running Drifting Dreaming Leaving Calling Counting Folding Holding Hiding Learning Leaning
    Turning Walking Writing Burning Building Breathing Sailing Shaking
    """
)
_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロ"
_CYRILLIC = ("Вел Зор Мил Тар Сев Кра Лун Бра", "о а е и", "мира нева дана рост лия вира стан")

# Invented words that turned out to be somebody's or something's name.
DENIED = frozenset(
    _words(
        """
        alarido ashby ashford ashington ashley ashton ashworth astor avalon axon belanova belmont bramble
        cassanova cassenova corwick delano delmonte dunington dunmore dunton elington ellington elton
        fairford fairleigh gorgoroth graven halden harding harington harley hartley harwick hexagon
        jaxon lumen marvell millington modena moravia morax moriton morrow nekromord novaline palline
        rosedale rosemore rosson savona skarn tamworth tarnation thorvik verona wendell winston winton
        winwick
        """
    )
)


def plain_key(name: str) -> str:
    """Return the name without case, accents, spaces or punctuation.

    >>> plain_key("The Møller-Quartét!")
    'themøllerquartet'
    """
    flat = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in flat if letter.isalnum())


def word(rng: random.Random, flavour: str) -> str:
    """Return one invented word of a flavour, of 5 to 11 letters and not denied."""
    first, middle, last = (part.split() for part in _SYLLABLES[flavour])
    while True:
        made = rng.choice(first) + rng.choice(middle) + rng.choice(last)
        if rng.random() < 0.07:
            made = _accented(rng, made)
        if 5 <= len(made) <= 11 and plain_key(made) not in DENIED and not is_clumsy(made):
            return made


def is_clumsy(made: str) -> bool:
    """Whether a word has three vowels, four consonants or one letter thrice in a row."""
    run = ""
    for letter in made.casefold():
        kind = "v" if letter in "aeiouyøáéíóú" else "c"
        run = run + kind if run.endswith(kind) else kind
        if run in ("vvv", "cccc"):
            return True
    return any(made[i : i + 1] * 2 == made[i + 1 : i + 3] for i in range(len(made) - 2))


def _accented(rng: random.Random, made: str) -> str:
    """Return the word with one of its vowels accented."""
    spots = [i for i, letter in enumerate(made) if i and letter in "aeou"]
    if not spots:
        return made
    spot = rng.choice(spots)
    return made[:spot] + {"a": "á", "e": "é", "o": "ö", "u": "ü"}[made[spot]] + made[spot + 1 :]


def _foreign(rng: random.Random) -> str:
    """Return an invented word in katakana or Cyrillic letters."""
    if rng.random() < 0.5:
        return "".join(rng.choice(_KANA) for _ in range(rng.randint(4, 6)))
    return "".join(rng.choice(part.split()) for part in _CYRILLIC)


def _plural(noun: str) -> str:
    """Return the plural of one of the common nouns.

    >>> _plural("Ferry"), _plural("Compass"), _plural("Valley")
    ('Ferries', 'Compasses', 'Valleys')
    """
    if noun.endswith("y") and noun[-2] not in "aeou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "o")) else "s")


def artist(rng: random.Random, flavour: str) -> str:
    """Return one artist name of a flavour: a word, a person, a group, a place, or a pair."""
    if rng.random() < 0.012:
        return _foreign(rng)
    made = word(rng, flavour)
    group = rng.choice(_GROUP[flavour].split("|"))
    noun = rng.choice(_NOUNS)
    shapes = (
        (made, 22),
        (f"{rng.choice(_FIRST)} {made}", 26),
        (f"The {made} {group}", 9),
        (f"{made} {group}", 13),
        (f"{rng.choice(_ADJECTIVES)} {made}", 8),
        (f"{made} & the {_plural(noun)}", 5),
        (f"{noun} {made}", 6),
        (f"{made} / {word(rng, flavour)}", 2),
        (f"{made}, {rng.choice(_FIRST)} & {word(rng, flavour)}", 2),
        (f"DJ {made}" if flavour in ("glass", "street", "island") else f"The {made}s", 7),
    )
    return rng.choices([shape for shape, _ in shapes], [weight for _, weight in shapes])[0]


def artists(rng: random.Random, flavours: list[str], taken: set[str] | None = None) -> list[str]:
    """Return one artist name a flavour given; no two share a key, nor a key in `taken` (which grows)."""
    taken = set() if taken is None else taken
    names: list[str] = []
    for flavour in flavours:
        name = artist(rng, flavour)
        # "The Ashcombes" and "Ashcombe" count as one: search, and people, would mix them up.
        while (key := plain_key(name).removeprefix("the").removesuffix("s")) in taken or not key:
            name = artist(rng, flavour)
        taken.add(key)
        names.append(name)
    return names


def title(rng: random.Random, flavour: str) -> str:
    """Return one track or album title: common words, now and then with an invented one."""
    adjective, noun, other = rng.choice(_ADJECTIVES), rng.choice(_NOUNS), rng.choice(_NOUNS)
    verb = rng.choice(_VERBS)
    shapes = (
        (f"{adjective} {noun}", 26),
        (f"{noun} {other}", 9),
        (f"{verb} {noun}", 10),
        (f"{noun} of {word(rng, flavour)}", 5),
        (f"{word(rng, flavour)}", 7),
        (f"The {adjective} {noun}", 8),
        (f"{noun} in {rng.choice(('June', 'October', 'March', 'Reverse', 'Colour', 'Two Parts'))}", 6),
        (f"{verb} for {noun}", 4),
        (f"No More {_plural(noun)}", 3),
        (f"{adjective} and {rng.choice(_ADJECTIVES)}", 6),
        (f"{noun}, {adjective}", 3),
        (f"{noun} Song", 3),
        (noun, 6),
        (f"{adjective}", 4),
    )
    return rng.choices([shape for shape, _ in shapes], [weight for _, weight in shapes])[0]


def titles(rng: random.Random, flavour: str, count: int) -> list[str]:
    """Return `count` titles of one artist, no two with the same key."""
    found: dict[str, str] = {}
    while len(found) < count:
        made = title(rng, flavour)
        found.setdefault(plain_key(made), made)
    return list(found.values())
