"""What the app says in longer texts: help for a view, the first steps, an import's report."""

from __future__ import annotations

from typing import Any

from textual.content import Content

from tuiapp.actions import EVERYWHERE, LISTS, VIEWS, scope_of
from tuiapp.safe import shown

EXPORTS = (
    ("Spotify", "Account › Privacy › Download your data › Extended streaming history", "1 to 30 days"),
    ("Last.fm", "a third-party exporter, such as lastfm-to-csv", "minutes"),
    ("ListenBrainz", "Settings › Export data", "minutes to hours"),
)


def first_steps() -> Content:
    """Three ways on for someone who has nothing here yet."""
    parts: list[Content | str] = [
        "Nothing leaves this machine: your history, the model and what you do here stay in one folder of yours.\n\n",
        Content.styled("i", "bold $accent"), "  import your listening history. Ask your service for it:\n",
    ]  # fmt: skip
    for service, how, wait in EXPORTS:
        parts += [f"     {service:<13}", Content.styled(f"{how} ({wait})\n", "$text-muted")]
    parts += [
        "\n", Content.styled("a", "bold $accent"), "  under ", Content.styled("7 Model", "bold"),
        ": add community data, so that there is new music to find\n",
        Content.styled("t", "bold $accent"), "  under ", Content.styled("7 Model", "bold"), ": train the model\n\n",
        "Or leave with ", Content.styled("q", "bold $accent"), " and run ", Content.styled("discover demo", "bold"),
        " to see it all on made-up data first.",
    ]  # fmt: skip
    return Content.assemble(*parts)


def help_for(view: str) -> Content:
    """Every key that does something here."""
    parts: list[Content | str] = []
    for title, scope in (("here", view), ("in every list", LISTS), ("everywhere", EVERYWHERE)):
        actions = [action for action in scope_of(scope) if not action.id.startswith("view_")]
        if not actions:
            continue
        parts.append(Content.styled(f"{title}\n", "bold"))
        for action in actions:
            parts += [Content.styled(f"  {action.all_keys:<12}", "$accent"), f"{action.help}\n"]
        parts.append("\n")
    parts.append(Content.styled(f"1 to {len(VIEWS)} go to the views. j k, arrows, pages, g G move in lists.",
                                "$text-muted"))  # fmt: skip
    return Content.assemble(*parts)


def import_report(report: dict[str, Any]) -> Content:
    """An import in words: what the service marked private first, then what was kept, and every reason for the rest."""
    totals = report["totals"]
    dropped = dict(totals["dropped"])
    private = dropped.pop("private session", 0)
    parts: list[Content | str] = []
    if private:
        parts += [Content.styled(f"{private:,}", "bold $warning"),
                  " plays of private sessions were left out, as the service marked them.\n\n"]  # fmt: skip
    parts += [
        f"{totals['read']:>10,}  read\n", Content.styled(f"{totals['kept']:>10,}  kept\n", "bold $accent"),
        f"{totals['duplicates']:>10,}  already there\n",
    ]  # fmt: skip
    for reason, count in sorted(dropped.items(), key=lambda pair: -pair[1]):
        parts.append(Content.styled(f"{count:>10,}  {shown(reason)}\n", "$text-muted"))
    for entry in report["files"]:
        note = f"  {entry['note']}" if entry.get("note") else ""
        kind = entry["format"] or "not recognised"
        parts.append(f"\n{shown(str(entry['path']))}\n  {kind}, {entry['kept']:,} kept{shown(note)}")
    return Content.assemble(*parts)
