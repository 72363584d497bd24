"""Instructions for each player to send its plays to this machine. Facts: the players' own sources."""

from __future__ import annotations

# `{url}` is the listener's address, `{token}` its token.
HOW = {
    "navidrome": """Start Navidrome with
  ND_LISTENBRAINZ_BASEURL={url}/1/
then, in its page, under Personal, switch on “Scrobble to ListenBrainz” with the token
  {token}""",
    "listenbrainz-mpd": """In ~/.config/listenbrainz-mpd/config.toml:
  [submission]
  token = "{token}"
  api_url = "{url}"
""",
    "rescrobbled": """At the end of ~/.config/rescrobbled/config.toml:
  [[listenbrainz]]
  url = "{url}/1/"
  token = "{token}"
Start it after `discover listen`: it asks once, at its start.""",
    "multi-scrobbler": """Among its settings:
  LZ_URL={url}
  LZ_TOKEN={token}
  LZ_USER=me""",
    "pano": """Add an account “ListenBrainz (custom)” with
  API URL: {url}/
  Token: {token}
The desktop's only: Android's takes https alone.""",
    "jellyfin": """On the page of its ListenBrainz plugin:
  ListenBrainz API URL: {url}
  Token: {token}""",
    "web-scrobbler": """In Options, Accounts, ListenBrainz:
  API URL: {url}/1/submit-listens
  Token: {token}""",
    "foobar2000": """In the settings of foo_listenbrainz2:
  URL: {url}/1/submit-listens
  Token: {token}""",
    "koito": """Start Koito with
  KOITO_ENABLE_LBZ_RELAY=true
  KOITO_LBZ_RELAY_URL={url}/1
  KOITO_LBZ_RELAY_TOKEN={token}""",
    "quodlibet": """Start Quod Libet with
  QL_LISTENBRAINZ_DEV_SERVER={host}
then, in its plugin ListenBrainz, set the token
  {token}
Debian 12 puts the plugin where Quod Libet does not look:
  cp -r /usr/lib/python3/dist-packages/quodlibet/plugins/listenbrainz ~/.config/quodlibet/plugins/""",
    "mpdscribble": """At the end of ~/.config/mpdscribble/mpdscribble.conf:
  [discover]
  url = {url}/as12/
  username = me
  password = {token}
Without it, MPD is watched by itself; a play that both report is one.""",
}
_WATCHED = "On a Linux desktop it is watched by itself, with the extra `players` (MPRIS)."
# Why others cannot be set up, and what sends their plays instead.
ELSEWHERE = {
    "mpd": "MPD is watched by itself: set listen.mpd where it is not on this machine.",
    "mpris-scrobbler": "mpris-scrobbler takes no address with a port in it. What it reports is watched by itself, "
    "with the extra `players` (MPRIS).",
    "rhythmbox": f"Rhythmbox sends to ListenBrainz' own address alone. {_WATCHED}",
    "strawberry": f"Strawberry sends to ListenBrainz' own address alone. {_WATCHED}",
    "spotify": f"Spotify sends to no other address. {_WATCHED}",
    "vlc": f"VLC sends nothing to ListenBrainz. {_WATCHED}",
    "mpv": f"mpv sends nothing to ListenBrainz. {_WATCHED}",
}


def player_named(name: str) -> str | None:
    """The player of this name, ignoring blanks and punctuation, or by an alias; null if unknown."""
    plain = _plain(name)
    known = {_plain(one): one for one in (*HOW, *ELSEWHERE)}
    return known.get(plain) or next(
        (known[one] for one in sorted(known, key=len, reverse=True) if plain.startswith(one)), None
    )


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
