"""Rewrites the engine's messages for the app: commands are replaced by keys."""

from __future__ import annotations

import re

from tuiapp.settings.keys import Keymap
from tuiapp.typed_paths import as_typed_here

_KEYS = {
    "import": ("import",),
    "community add": ("view_model", "model.add_pack"),
    "features add": ("view_model", "model.add_pack"),
    "community fetch genres": ("view_model", "model.add_pack"),
    "model add": ("view_model", "model.add_pack"),
    "library add": ("view_model", "model.add_pack"),
    "library tempo": ("view_model", "model.update_pack"),
    "train": ("view_model", "model.train"),
    "demo": ("view_discover", "discover.demo"),
}
# Compiled on first use: the first paint does not wait for either.
_COMMAND = (
    r"`?(?:discover community fetch(?: tracks)?, or from a file: )?"
    r"discover (?:(import|community add|features add|model add|library add) (?:PATH|DIR)"
    r"|(demo|train|community fetch genres|library tempo)(?: --level (?:artists|tracks))?"
    r"(?:, or for tracks: discover train --level tracks)?)(?: --name (?:'[^']*'|[\w.-]+))?`?"
)


# Parts that apply only to the command line, at the end of sentences.
_OPTION = (
    r"(?:,? or another mirror:?(?: with)?|,? or choose another folder with|,? or(?: leave out)?) --[a-z-]+(?: [A-Z]+)?"
    r"| \(--[a-z-]+\)"
)


def in_keys(message: str, keymap: Keymap) -> str:
    """The message with commands replaced by their keys, without other commands' options; import options as its dialog
    takes them."""

    def pressed(found: re.Match[str]) -> str:
        command = found[1] or found[2]
        keys = [keymap.label(name) for name in _KEYS[command]]
        return f"press {' then '.join(keys)}{' on their folder' if command == 'library tempo' else ''}"

    return as_typed_here(re.sub(_OPTION, "", re.sub(_COMMAND, pressed, message)))
