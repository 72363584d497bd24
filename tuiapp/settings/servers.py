"""Addresses of the person's servers, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiapp.settings.config import Config


def places(config: Config, service: str) -> tuple[str, ...]:
    """Addresses of a server of this kind, likeliest first; empty if not set."""
    if service == "listenbrainz":
        from engine.push.listenbrainz import ADDRESS

        return (ADDRESS,)
    if service == "mpd":
        from engine.live.mpd import addresses

        setting = config["listen.mpd"]
        return addresses("" if setting == "off" else setting)
    return (config[f"push.{service}"],) if config[f"push.{service}"] else ()
