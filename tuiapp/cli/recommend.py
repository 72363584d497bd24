"""`recommend`, `related` and `search`: Discover on the command line."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from engine import defaults
from engine.errors import UsageError
from engine.wording import few, quantity
from tuiapp.cli.date_options import PERIOD
from tuiapp.cli.group import Options, cli, from_library_option
from tuiapp.cli.names import artists, name_argument, times_of_week
from tuiapp.cli.output import print_json, print_table, say, say_coverage, thousands
from tuiapp.own_reasons import because, own_reasons
from tuiapp.safe import shown
from tuiapp.tastes import names_of
from tuiapp.text import counted_among, dial_cost, try_else

if TYPE_CHECKING:
    from engine.recommend.lists import DiscoverList, Recommendation, TasteShare, TasteShares
    from engine.recommend.settings import DiscoverSettings
    from engine.session import Session
    from engine.taste.window import TimeOfWeek

# As many rows as a terminal shows without scrolling.
LENGTH = 20


@cli.command()
@click.option("--level", type=click.Choice(["artists", "tracks"]), default="artists", show_default=True)
@click.option("-n", "count", type=click.IntRange(min=1), default=LENGTH, show_default=True, help="How many.")
# The old name of --new, kept for one release: its 1 means new, not familiar.
@click.option("--familiarity", "familiarity", type=click.FloatRange(0, 1), hidden=True)
@click.option(
    "--new",
    "familiarity",
    type=click.FloatRange(0, 1),
    default=defaults.FAMILIARITY,
    show_default=True,
    help="Share of artists new to you, from 0 to 1.",
)
@click.option(
    "--popularity",
    type=click.FloatRange(-1, 1),
    default=defaults.POPULARITY,
    show_default=True,
    help="-1: obscure, 1: popular. What it costs is measured in training, and shown with the list.",
)
@click.option(
    "--less-known",
    is_flag=True,
    help=f"Less known artists: the same as --popularity {defaults.LESS_KNOWN}.",
)
@click.option(
    "--variety",
    type=click.FloatRange(0, 1),
    default=defaults.VARIETY,
    show_default=True,
    help="0: best matches, 1: most varied.",
)
@click.option(
    "--known-plays",
    type=click.IntRange(min=1),
    help=f"Plays after which an artist counts as known. [default: from the settings, {defaults.KNOWN_PLAYS}]",
)
@click.option(
    "--known-days",
    type=click.FloatRange(min=0, min_open=True),
    metavar="DAYS",
    help="Only plays in your last DAYS make an artist known.",
)
@click.option("--since", type=PERIOD, help="Use only plays from this date on.")
@click.option("--until", type=PERIOD, help="Use only plays until this date, inclusive.")
@click.option("--as-of", type=PERIOD, help="Discover as of the end of this date.")
@click.option(
    "--half-life",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="A play's weight halves for every DAYS before your latest play; 0: all count the same. [default: "
    "what measured best]",
)
@click.option(
    "--day",
    type=PERIOD,
    metavar="DATE",
    help="The list of this day; the daily shuffle changes its order. [default: today]",
)
@click.option(
    "--taste",
    "mode",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only one of your tastes, by its number in `discover taste` (for tracks: `discover taste --level tracks`).",
)
@click.option(
    "--per-artist",
    type=click.IntRange(min=0),
    default=defaults.PER_ARTIST,
    show_default=True,
    help="Maximum tracks by one artist; 0: no limit.",
)
@click.option(
    "--context",
    metavar="NAME",
    shell_complete=times_of_week,
    help="Based on what you play at this time: morning, commute, work, evening, night, weekend, dinner, party, sleep; "
    "or the usual time of a playlist context.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="NAME",
    shell_complete=artists,
    help="As if you had never played this artist, or this track: 'ARTIST - TITLE'.",
)
@from_library_option
@click.pass_obj
def recommend(options: Options, /, **asked: Any) -> None:
    """Recommend artists or tracks, with reasons whose shares sum to 1."""
    print_discover(options, **asked)


def print_discover(options: Options, less_known: bool = False, **asked: Any) -> None:
    """Print the Discover list as plain text or JSON."""
    if less_known:
        if asked.get("popularity") != defaults.POPULARITY:
            raise UsageError("--less-known is a place of --popularity: use one of the two.")
        asked["popularity"] = defaults.LESS_KNOWN
    with options.reading() as session:
        settings = _settings(**as_set(options, session, asked))
        found = session.discover.list(settings)
        lacking = session.discover.lacking(settings)
        # Only on a terminal and for today: a list that no person sees cannot be ignored, so nothing rests by it.
        today = settings.day is None and settings.window.until is None
        if today and sys.stdout.isatty() and not options.json:
            session.discover.note_shown([item.key for item in found.items if not item.known])
    say_coverage(options, found.coverage)
    for note in (*found.notes, *_note_on(lacking)):
        say(options, note)
    if found.popularity_cost is not None:
        say(options, f"Popularity {settings.popularity:g}: {dial_cost(found.popularity_cost)}.")
    if not found.items and (why := _why_empty(found, settings, lacking)):
        say(options, why)
    if options.json:
        coverage = found.coverage and found.coverage.as_dict()
        print_json(
            {
                "items": [_item(item) for item in found.items],
                "coverage": coverage,
                "popularity": settings.popularity,
                "popularity_cost": found.popularity_cost,
                "missing": [_named(one) for one in lacking],
            }
        )
    else:
        _print_list(found)


def _why_empty(found: DiscoverList, settings: DiscoverSettings, lacking: Sequence[Recommendation]) -> str:
    """Why there is nothing, and what lists more; empty where a note says so."""
    from engine.recommend.discover import nothing_left

    if lacking:
        return "Nothing to list without them: leave out --from-library, or add your music: discover library add DIR."
    if nothing_left(settings.level) in found.notes:
        return ""
    if settings.familiarity == 0:
        return "Nothing to list: nothing that you know is left. --new 0.5 lists what is new to you too."
    if settings.familiarity == 1:
        return "Nothing to list: all that is left is known, hidden or blocked. --new 0.5 lists what you know too."
    return "Nothing to list: all that is left is hidden or blocked."


def _named(item: Recommendation) -> dict[str, str]:
    return {"artist": item.artist} | ({"track": item.track} if item.track else {})


def _note_on(lacking: Sequence[Recommendation]) -> list[str]:
    """The note on items left out because the person does not have them; empty if there are none."""
    if not lacking:
        return []
    count = quantity(len(lacking), "tracks" if lacking[0].track else "artists")
    names = few([" - ".join(_named(one).values()) for one in lacking])
    return [f"You have nothing of {count} it would else list: {names}."]


def as_set(options: Options, session: Session, asked: dict[str, Any]) -> dict[str, Any]:
    """The options, with defaults from the settings file."""
    from tuiapp.settings.config import read

    config = read(options.folders.config)
    for problem in config.problems:
        say(options, shown(problem))
    context = asked.pop("context", None)
    if context:
        asked["times"] = session.routines.times(context, config.contexts)
    return config.discover | {name: value for name, value in asked.items() if value is not None}


def _settings(
    *,
    count: int = LENGTH,
    since: tuple[int, int] | None = None,
    until: tuple[int, int] | None = None,
    as_of: tuple[int, int] | None = None,
    day: tuple[int, int] | None = None,
    times: TimeOfWeek | None = None,
    **named_alike: Any,
) -> DiscoverSettings:
    from engine.recommend.settings import DiscoverSettings
    from engine.taste.window import Window

    window = Window(
        since=since[0] if since else None,
        until=until[1] if until else None,
        time_of_week=times,
    )
    settings = DiscoverSettings(
        n=count, window=window, day=(day[1] - 1) // 86_400 if day else None, **named_alike
    )
    return settings.as_of(as_of[1]) if as_of else settings


def _item(item: Recommendation) -> dict[str, Any]:
    why: list[dict[str, Any]] = [
        {"artist": share.artist} | ({"track": share.track} if share.track else {}) | {"share": share.share}
        for share in item.why
    ]
    why.append({"artist": "others", "share": item.others_share})
    return (
        {
            "rank": item.rank,
            "artist": item.artist,
        }
        | ({"track": item.track} if item.track else {})
        | {
            "score": item.score,
            "listeners": item.listeners,
            "plays": item.plays,
            "known": item.known,
            "why": why,
            **_by_taste(item.tastes),
            "members": item.members,
        }
        | _by_own_plays(item)
        | ({"standing": item.standing} if item.standing else {})
        | ({"later": item.later} if item.later is not None else {})
    )


def _by_own_plays(item: Recommendation) -> dict[str, Any]:
    """What solo mode ranks it by; empty for a community model."""
    if item.own is None:
        return {}
    last = item.own.last_played
    return {
        "sessions": item.own.sessions,
        "last_played": None
        if last is None
        else datetime.datetime.fromtimestamp(last, datetime.UTC).isoformat(),
        "reasons": [
            {"member": one.member, "share": one.share, "words": one.words} for one in own_reasons(item)
        ],
    }


def _by_taste(tastes: TasteShares) -> dict[str, Any]:
    """Positive shares by group, which sum to 1, and negative ones in the same unit."""

    def documents(named: tuple[TasteShare, ...], rest: float) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = [
            {"name": names_of(one), "names": list(one.names), "more": one.more, "share": one.share}
            for one in named
        ]
        return [*groups, {"name": "others", "share": rest}]

    left = max(0.0, tastes.against_in_all - sum(one.share for one in tastes.against))
    against = {"against": documents(tastes.against, left)} if tastes.against else {}
    # In solo mode "others" includes what else it is ranked by.
    return {"tastes": documents(tastes.named, 1.0 - sum(one.share for one in tastes.named))} | against


def _print_list(found: DiscoverList) -> None:
    tracks = any(item.track for item in found.items)
    rows = [
        (
            str(item.rank),
            item.artist,
            *([item.track or ""] if tracks else []),
            thousands(item.own.sessions if item.own is not None else item.listeners),
            _plays(item),
            because(item),
        )
        for item in found.items
    ]
    counted = "sessions" if found.solo else "listeners"
    heading = ("", "artist", *(["track"] if tracks else []), counted, "plays", "because of")
    last = len(heading) - 1
    print_table(heading, rows, right=frozenset({0, last - 2, last - 1}))


def _plays(item: Recommendation) -> str:
    if item.later is not None:
        return f"{item.later} later" if item.later else "not since"
    return str(item.plays) if item.plays else "new"


@cli.command()
@name_argument("name", artists)
@click.option("-n", "count", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.pass_obj
def related(options: Options, name: str, count: int) -> None:
    """Artists with the same listeners as NAME."""
    with options.reading() as session:
        found = session.artists.related(name, count)
    for said in (found.note, counted_among(found)):
        if said:
            say(options, f"{shown(found.artist)}: {said}.")
    if options.json:
        items = [
            {
                "rank": i.rank,
                "artist": i.artist,
                "similarity": i.similarity,
                "listeners": i.listeners,
                "in_common": i.in_common,
                "plays": i.plays,
            }
            for i in found.items
        ]
        print_json(
            {
                "artist": found.artist,
                "listeners": found.listeners,
                "note": found.note,
                "in_common_among": found.sampled,
                "items": items,
            }
        )
        return
    rows = [
        (
            str(i.rank),
            i.artist,
            f"{i.similarity:z.3f}",
            thousands(i.listeners),
            "" if i.in_common is None else thousands(i.in_common),
            str(i.plays) if i.plays else "new",
        )
        for i in found.items
    ]
    counted = "sessions" if found.solo else "listeners"
    heading = ("", "artist", "similarity", counted, "in common", "plays")
    print_table(heading, rows, right=frozenset({0, 2, 3, 4, 5}))


@cli.command()
@name_argument("text", artists, metavar="TEXT")
@click.option("-n", "count", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.pass_obj
def search(options: Options, text: str, count: int) -> None:
    """Search artists and tracks by name; tolerates typos."""
    with options.reading() as session:
        found = session.artists.search(text, count)
        if not found:
            say(options, f"No artist or track matches “{text}”. {try_else(session.status())}")
    if options.json:
        print_json(
            {
                "items": [
                    {"kind": hit.kind, "artist": hit.artist}
                    | ({"track": hit.track} if hit.track else {})
                    | {"plays": hit.plays, "listeners": hit.listeners}
                    for hit in found
                ]
            }
        )
        return
    rows = [
        (hit.kind, hit.artist, hit.track or "", str(hit.plays), thousands(hit.listeners)) for hit in found
    ]
    print_table(("", "artist", "track", "plays", "listeners"), rows, right=frozenset({3, 4}))
