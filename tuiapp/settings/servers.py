"""Where the person's servers are, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiapp.settings.config import Config


def places(config: Config, service: str) -> tuple[str, ...]:
    """Where a server of this kind may be, the likeliest first; empty where nobody said."""
    if service == "listenbrainz":
        from engine.push.listenbrainz import ADDRESS

        return (ADDRESS,)
    if service == "mpd":
        from engine.live.mpd import addresses

        setting = config["listen.mpd"]
        return addresses("" if setting == "off" else setting)
    return (config[f"push.{service}"],) if config[f"push.{service}"] else ()
