"""Classifies rows of Google's activity in the account's language: a video watched, a like, a search, a visit.

The verb is before or after the title. Each row is matched separately, with known verbs and the one most rows of its
file share.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from engine.imports import record as reasons

# "Watched" before the title, by language; the longest that fits is taken.
_BEFORE = (
    "Watched ", "Vous avez regardé ", "Has visto ", "Viste ", "Miraste ", "Ha visto ", "Ha mirado ",
    "Assistiu a ", "Você assistiu a ", "Você assistiu ", "Assistiu ", "Viu ", "Visualizou ", "Hai guardato ",
    "Je hebt gekeken naar ", "Bekeken: ", "Så ", "Du så ", "Har set ", "Du har set ", "Tittade på ", "Du tittade på ",
    "Har tittat på ", "Du har tittat på ", "Så på ", "Du så på ", "Har sett ",
    "Du har sett ", "Har sett på ", "Du har sett på ", "Katsoit videon ", "Katsoit: ", "Katsottu: ",
    "Katsottu ", "Katsoit ", "Obejrzano film ", "Obejrzano: ", "Obejrzano ", "Zhlédli jste video ",
    "Zhlédli jste ", "Pozreli ste si video ", "Pozreli ste si ", "Megnézve: ", "Megtekintve: ",
    "Megnézett videó: ", "Megtekintette a következőt: ", "Ați vizionat ", "Ați urmărit ", "Ai vizionat ",
    "Ai urmărit ", "Просмотрено видео ", "Просмотрено: ", "Просмотрено ", "Вы посмотрели видео ",
    "Вы посмотрели ", "Просмотр: ", "Переглянуто відео ", "Переглянуто: ", "Переглянуто ", "Ви переглянули ",
    "Ви дивилися відео ", "Ви дивилися ", "Гледахте ", "Изгледахте ", "Гледали сте ", "Одгледали сте ",
    "Gledali ste ", "Pogledali ste ", "Ogledali ste si ", "Ogledano: ", "Παρακολουθήσατε το βίντεο ",
    "Παρακολουθήσατε ", "İzlendi: ", "تمت مشاهدة ", "شاهدت ", "لقد شاهدت ", "צפית בסרטון ", "צפית ב-", "צפית ב",
    "را تماشا کردید ", "تماشا شد: ", "تماشا کردید: ", "시청함: ", "已观看 ", "观看了 ", "您观看了 ", "已觀看 ",
    "觀看了 ", "您已觀看 ", "您觀看了 ", "看過 ", "看过 ", "ดูวิดีโอ ", "ดูแล้ว ", "ดู ", "รับชม ",
    "Đã xem ", "Bạn đã xem ", "Menonton ", "Telah menonton ", "Ditonton: ", "Anda menonton ",
    "Anda telah menonton ", "Pinanood ang ", "Napanood ang ", "Nanood ng ", "Has mirat ",
    "Heu mirat ", "Has vist ", "Viches ", "Ikusi duzu ", "Žiūrėta: ", "Žiūrėjote ", "Peržiūrėta: ",
    "Skatījāties ", "Noskatīts: ", "Vaatasid ", "Vaatasite videot ", "Vaatasite ", "Vaadatud: ", "Horfðir á ",
    "Horfði á ", "Het gekyk na ", "Gekyk na ", "Ulitazama ", "Umetazama ", "Keni parë ",
)  # fmt: skip
# And after it.
_AFTER = (
    " angesehen", " bekeken", " gekyk", " を視聴しました", "を視聴しました", " を見ました",
    " 을(를) 시청했습니다", "을(를) 시청했습니다", " 을(를) 시청함", "을(를) 시청함", " 시청함", " 시청",
    " izlendi", " videosu izlendi", " adlı videoyu izlediniz", " izlediniz", " katsottiin", " को देखा", " देखा",
    " देखा गया", " देखी", " देखी गई", " পাহিলে", " দেখেছেন", " দেখা হয়েছে", " দেখলেন", " पाहिले", " पाहिला",
    " જોયું", " જોયો", " ਦੇਖਿਆ", " பார்த்தீர்கள்", " பார்க்கப்பட்டது", " చూసారు", " చూశారు", " ವೀಕ್ಷಿಸಿದ್ದೀರಿ",
    " ವೀಕ್ಷಿಸಲಾಗಿದೆ", " കണ്ടു", " නැරඹුවා", " हेर्नुभयो", " دیکھا", " دیکھی", " را تماشا کردید", " تماشا شد",
    " izləndi", " izlənildi", " ko‘rildi", " көрілді", " көрдіңіз", " көрдүңүз", " үзсэн", " videóját megnézte",
    " megnézve", " megtekintve", " ნანახია", " ko'rildi", " ikusi duzu",
)  # fmt: skip

# And around it.
_AROUND = (
    ("Je hebt ", " bekeken"),
    ("Je hebt naar ", " gekeken"),
    ("تمت مشاهدة ", " ."),
    ("Du hast ", " angesehen"),
    ("ดู ", " แล้ว"),
    ("Jy het ", " gekyk"),
    ('Вы посмотрели видео "', '"'),
    ("Вы посмотрели видео «", "»"),
    ('Ви переглянули відео "', '"'),
    ("Ви переглянули відео «", "»"),
    # Chinese needs no blank between the two.
    *(
        (verb + opening, closing)
        for verb in ("观看了", "已观看", "您观看了", "您已观看", "觀看了", "已觀看", "您觀看了", "您已觀看")
        for opening, closing in (("「", "」"), ("『", "』"), ("《", "》"), ("“", "”"), ("", ""))
    ),
)

# Beginnings or ends of rows that are of something else, and of what.
_OTHERS = (
    (
        reasons.SEARCH,
        "searched for|gesucht nach|recherche|vous avez recherché|has buscado|buscaste|pesquisou|"
        "hai cercato|gezocht|søgte|sökte|søkte|haku|wyszukano|hledali jste|искали|запрос|検索|검색|搜索|"
        "搜尋",
    ),
    (
        reasons.POST,
        "viewed a post|viewed post|beitrag angesehen",
    ),
    (
        reasons.LIKED,
        "liked|disliked|mag ich|gefällt mir|vous avez aimé|te ha gustado|te gustó|gostou|curtiu|marcou|"
        "ti è piaciuto|hai messo mi piace|leuk gevonden|synes godt om|gillade|likte|tykkäsit|polubiono|"
        "líbí se|понравилось|高く評価|좋아요|喜歡|喜欢|赞",
    ),
    (
        reasons.VISIT,
        "visited|subscribed|besucht|abonniert|vous avez consulté|has visitado|visitou|hai visitato|"
        "bezocht|besøgte|besökte|odwiedzono|navštívili",
    ),
)
_OF_VERB = tuple(
    (reason, re.compile(rf"^(?:{words})(?=\W)|(?:\W|を)(?:{words})(?:$|\.$|し|함|했|:)", re.IGNORECASE))
    for reason, words in _OTHERS
)
_OF_ADDRESS = (
    (reasons.ADVERT, re.compile(r"google\.[a-z.]{2,20}/(aclk|url)|doubleclick|googleadservices")),
    (reasons.SEARCH, re.compile(r"/results\?|/search\?")),
    (reasons.POST, re.compile(r"/post/|/community\b|[?&]lb=")),
    (reasons.VISIT, re.compile(r"/channel/|/user/|/c/|/@|/playlist\?|/browse/|/feed/|youtube\.com/?$")),
)
_UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BLANKS = {0xA0: " ", 0x202F: " "}
_MIN_SHARE, _NEARLY = 0.5, 0.95
# By fewer rows no verb is found, and by fewer titles none is longer than it is known to be.
_MIN_ROWS, _MIN_TITLES = 3, 5
_MAX_WORDS = 5
# Composing takes the square of a text's length where it is all marks: no row is longer.
_MAX_TITLE = 2000


@dataclass(frozen=True)
class Verb:
    """The words before and after the title; in most languages one of them is empty."""

    before: str
    after: str

    def title_of(self, text: str) -> str | None:
        """What is left of a row, None when the verb is not there."""
        if len(text) > len(self.before) + len(self.after) and self._stands_in(text):
            return text[len(self.before) : len(text) - len(self.after)]
        return None

    def _stands_in(self, text: str) -> bool:
        return text.startswith(self.before) and text.endswith(self.after)


def plain(text: str) -> str:
    r"""A row as verbs are written: composed letters, one kind of blank, no marks of direction.

    >>> plain("\u200fVous avez regarde\u0301\u202fLark")
    'Vous avez regardé Lark'
    """
    if text.isascii():
        return text
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text[:_MAX_TITLE])).translate(_BLANKS)


def _by_letter() -> dict[str, list[Verb]]:
    """The verbs known, the longest first, by the letter rows with one begin or end with: a file has many rows."""
    found: dict[str, list[Verb]] = {}
    for text in _BEFORE:
        found.setdefault(text[0], []).append(Verb(text, ""))
    for text in _AFTER:
        for end in ("", ".", "。"):
            found.setdefault((text + end)[-1], []).append(Verb("", text + end))
    for before, after in _AROUND:
        found.setdefault(before[0], []).append(Verb(before, after))
    for verbs in found.values():
        verbs.sort(key=lambda verb: -len(verb.before + verb.after))
    return found


_KNOWN = _by_letter()


class Verbs:
    """The verbs of one file, from the rows that lead to a video, each with its channel.

    >>> verbs = Verbs({"Watched Tin Roof": "Ida", "Watched Harbour Lights": "Café Tundra"})
    >>> verbs.title("Watched Slow Ferry"), verbs.title("Liked Tin Roof")
    ('Slow Ferry', None)
    """

    def __init__(self, rows: Mapping[str, str]) -> None:
        found = Counter(verb for text in rows if (verb := _known(text)))
        most = found.most_common(1)
        if rows and (not most or most[0][1] < _MIN_SHARE * len(rows)):
            shared = _shared([*rows], _MIN_SHARE)
            if shared is not None:
                found[shared] = len(rows)
        elif most and (longer := _longer(most[0][0], rows)):
            found[longer] = len(rows) + 1
        self._found = [verb for verb, _ in found.most_common()]

    def title(self, text: str) -> str | None:
        """The title of a video that was watched, None for a row of another kind.

        In a file whose verb is not known every other row is taken for a title.
        """
        if not self._found:
            known = _known(text)
            return known.title_of(text) if known else text
        return next((title for verb in self._found if (title := verb.title_of(text)) is not None), None)


def _known(text: str) -> Verb | None:
    """The longest known verb in a row."""
    found = [
        verb
        for letter in {text[:1], text[-1:]}
        if (verb := next((one for one in _KNOWN.get(letter, ()) if one.title_of(text) is not None), None))
    ]
    return max(found, key=lambda verb: len(verb.before + verb.after), default=None)


def _longer(verb: Verb, rows: Mapping[str, str]) -> Verb | None:
    """The verb with the words beside it that nearly all rows share, though they are of several channels."""
    titles = {title: channel for text, channel in rows.items() if (title := verb.title_of(text)) is not None}
    if len(titles) < _MIN_TITLES or len(set(titles.values())) < _MIN_ROWS:
        return None
    more = _shared([*titles], _NEARLY)
    return Verb(verb.before + more.before, more.after + verb.after) if more else None


def _shared(texts: list[str], least: float) -> Verb | None:
    """The words rows begin or end with, at least this part of them: the longest that nearly as many share as share a
    single one."""
    if len(texts) < _MIN_ROWS:
        return None
    before = _longest(Counter(begin for text in texts for begin in _beginnings(text)), least * len(texts))
    after = _longest(Counter(end for text in texts for end in _endings(text)), least * len(texts))
    return Verb(before, after) if before or after else None


def _beginnings(text: str) -> list[str]:
    words = text.split(" ")
    return [" ".join(words[:count]) + " " for count in range(1, min(len(words), _MAX_WORDS + 1))]


def _endings(text: str) -> list[str]:
    words = text.split(" ")
    return [" " + " ".join(words[-count:]) for count in range(1, min(len(words), _MAX_WORDS + 1))]


def _longest(counts: Counter[str], least: float) -> str:
    widest = max(counts.values(), default=0)
    if widest < least or widest < _MIN_ROWS:
        return ""
    return max((text for text, count in counts.items() if count >= _NEARLY * widest), key=len)


def what_else(text: str, address: str) -> str:
    """The reason a row that is not a video watched is left out for: what its address says, else its verb."""
    for reason, pattern in _OF_ADDRESS:
        if pattern.search(address):
            return reason
    return next((reason for reason, pattern in _OF_VERB if pattern.search(text)), reasons.OTHER_ACTIVITY)
