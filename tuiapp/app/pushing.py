"""Dialogs for the person's own servers: sending a playlist after showing what matches, and importing stars."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from engine.errors import sentence
from engine.push import SERVICES, WITH_STARS
from engine.wording import quantity
from tuiapp.screens.dialogs import AskText
from tuiapp.screens.pick import Choice, Pick
from tuiapp.settings.in_keys import in_keys
from tuiapp.settings.servers import places

if TYPE_CHECKING:
    from engine.job_messages import Ended, MatchedPlaylist, ServerTask, TakenStars
    from tuiapp.app.app import DiscoverApp
    from tuiapp.job import Job

_TITLE, _STARS = "Send", "Stars"
# Maximum missing tracks named in the question.
_NAMED = 8
# What a server of each kind sees.
_SECRETS = {"subsonic": "Password, or API key", "jellyfin": "API key", "listenbrainz": "Your user token"}


class _AskName(AskText):
    """A name that may be left empty."""

    EMPTY: ClassVar[bool] = True


def ask_push(app: DiscoverApp, playlist: str) -> None:
    """Ask where to send a playlist; connects to nothing before."""
    if obstacle := app.jobs.obstacle(_TITLE):
        app.notify(obstacle, severity="warning")
        return
    choices = [
        Choice(service, title, ", ".join(where(app, service)) or "you are asked where")
        for service, title in SERVICES.items()
    ]

    def answered(service: str | None) -> None:
        if service is not None:
            _ask_where(app, {"playlist": playlist, "service": service, "known": None})

    more = "Asking what it has of the playlist shows it your address; you confirm before anything is sent."
    app.push_screen(Pick(f"Send {playlist} to", choices, more=more), answered)


def ask_stars(app: DiscoverApp) -> None:
    """Ask from which server to import stars; connects to nothing before."""
    if obstacle := app.jobs.obstacle(_STARS):
        app.notify(obstacle, severity="warning")
        return
    choices = [
        Choice(service, SERVICES[service], ", ".join(where(app, service)) or "you are asked where")
        for service in WITH_STARS
    ]

    def answered(service: str | None) -> None:
        if service is not None:
            _ask_where(app, {"service": service, "known": None})

    more = (
        "Asking for your stars and favourites shows it your address. Each becomes a like, once; "
        "your own likes, hides and blocks stay as they are."
    )
    app.push_screen(Pick("Like what you starred on", choices, more=more), answered)


def where(app: DiscoverApp, service: str) -> tuple[str, ...]:
    """The addresses of a kind of server, without passwords."""
    return tuple(place.rpartition("@")[2] for place in places(app.preferences.config, service))


def _ask_where(app: DiscoverApp, task: ServerTask) -> None:
    """Look there, after asking for the address if it is not set."""
    service = task["service"]
    if found := places(app.preferences.config, service):
        _look(app, {**task, "places": found})
        return

    def submit(text: str, dialog: AskText) -> None:
        def keep(_: None) -> None:
            try:
                app.preferences.change(f"push.{service}", text)
            except ValueError as error:
                dialog.refuse(sentence(str(error)))
                return
            dialog.accept()
            app.call_later(_ask_where, app, task)

        dialog.ask(lambda _session: _check(text), keep, group="address")

    hint = "https, or http on your own network; kept in the settings. enter accept, esc cancel"
    app.push_screen(AskText(f"Address of your server ({SERVICES[service]})", submit, hint=hint))


def _check(address: str) -> None:
    from engine.community.fetch import check_own  # loads what speaks to servers: not while a key waits

    check_own(address)


def _look(app: DiscoverApp, task: ServerTask) -> None:
    if "playlist" in task:
        app.jobs.start(_TITLE, "push", "look", task=task)
    else:
        app.jobs.start(_STARS, "stars", task=task)


def _ask_who(app: DiscoverApp, task: ServerTask, why: str) -> None:
    """Ask for the login, saying why; for ListenBrainz the token."""
    service = task["service"]

    def ask_secret(user: str) -> None:
        def submit(secret: str, dialog: AskText) -> None:
            dialog.accept()
            known = {"user": user, "secret": secret, "plain": False}
            app.call_later(_look, app, {**task, "known": known})

        app.push_screen(AskText(f"{why} {_SECRETS[service]}:", submit, secret=True))

    def named(user: str, dialog: AskText) -> None:
        dialog.accept()
        app.call_later(ask_secret, user)

    if service == "listenbrainz":
        ask_secret("")
    else:
        hint = "leave empty with a token or API key. enter accept, esc cancel"
        app.push_screen(_AskName(f"{why} Your name there:", named, hint=hint))


def ended(app: DiscoverApp, job: Job, result: Ended) -> None:
    """Continue with the matches, or show the result of sending."""
    task = job.task
    assert task is not None  # noqa: S101 - jobs with a server have one
    if result["type"] == "cancelled" and "playlist" not in task:
        app.notify("Nothing was taken in.", title=f"{job.title} stopped")
    elif result["type"] == "cancelled":
        said = "Nothing was sent." if job.waits else "What arrived is replaced when you send it again."
        app.notify(said, title=f"{job.title} stopped")
    elif result["type"] == "error":
        _failed(app, job.title, task, result)
    elif "playlist" not in task:
        _stars_taken_in(app, task, result["result"])
    elif job.waits:
        _ask_to_send(app, task, result["result"])
    else:
        sent = quantity(result["result"]["sent"], "tracks")
        app.notify(f"{task['playlist']}: {sent} sent to {task['address']}.", title="Sent", timeout=10)


def _stars_taken_in(app: DiscoverApp, task: ServerTask, found: TakenStars) -> None:
    said = (
        f"{quantity(found['stars'], 'stars')} at {found['address']}: {quantity(found['likes'], 'new likes')}."
    )
    if found["likes"]:
        app.changes.remember(
            "taking in stars", lambda: app.changes.make(lambda session: session.stars.undo())
        )
        said += f" {app.keymap.label('undo')} undoes it."
    app.notify(said, title="Stars", timeout=10)
    if not task["known"]:
        return

    def answered(choice: str | None) -> None:
        from engine.push.credentials import keep_known

        if choice is not None:
            app.changes.make(lambda session: keep_known(session.door, task, found["address"]))

    choices = [Choice("keep", "Keep it", f"in {found['keeps']}")]
    app.dialog_queue.show(Pick(f"Keep the password for {found['address']}?", choices), answered)


def _failed(app: DiscoverApp, title: str, task: ServerTask, result: Ended) -> None:
    known = task["known"]
    if len(app.screen_stack) > 1 or result["kind"] not in ("NotLetInError", "NoDigestError"):
        message = in_keys(result["message"], app.keymap)
        app.notify(message, title=f"{title} failed", severity="error", timeout=15)
    elif result["kind"] == "NotLetInError" or known is None:
        _ask_who(app, task, result["message"])
    else:

        def answered(choice: str | None) -> None:
            if choice is not None:
                _look(app, {**task, "known": {**known, "plain": True}})

        more = f"{task['places'][0]} takes no digest of a password. Anyone reading on the way would see it."
        app.push_screen(Pick("Send the password itself?", [Choice("plain", "Send it")], more=more), answered)


def _ask_to_send(app: DiscoverApp, task: ServerTask, found: MatchedPlaylist) -> None:
    """Show what matches and what does not, and send it if the person agrees."""
    missing, matched = found["missing"], len(found["ids"])
    lines = [f"{matched} of {quantity(found['tracks'], 'tracks')} match."]
    lines += [f"No match: {name}" for name in missing[:_NAMED]]
    if len(missing) > _NAMED:
        lines.append(f"and {len(missing) - _NAMED:,} more.")
    if found["there"]:
        lines.append("If a list sent there before is still there, this replaces it.")
    choices = [Choice("send", f"Send {quantity(matched, 'tracks')}")]
    if task["known"]:
        choices.append(Choice("keep", "Send, and keep the password", f"in {found['keeps']}"))

    def answered(choice: str | None) -> None:
        if choice is not None:
            what: ServerTask = {**task, **found, "keep": choice == "keep"}
            app.call_later(partial(app.jobs.start, _TITLE, "push", "send", task=what))

    question = Pick(f"Send {found['playlist']} to {found['address']}?", choices, more="\n".join(lines))
    app.dialog_queue.show(question, answered)
