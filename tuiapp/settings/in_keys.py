"""What the engine says with the app's keys: it names the commands that help, and the app has a key for most."""

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
    "train": ("view_model", "model.train"),
}
# Compiled when first needed: the first paint waits for neither.
_COMMAND = (
    r"`?(?:discover community fetch(?: tracks)?, or from a file: )?"
    r"discover (?:(import|community add|features add|model add) PATH"
    r"|(train|community fetch genres)(?: --level (?:artists|tracks))?"
    r"(?:, or for tracks: discover train --level tracks)?)(?: --name (?:'[^']*'|[\w.-]+))?`?"
)


# What only the command line takes, in the sentences that end with it.
_OPTION = (
    r"(?:,? or another mirror:?(?: with)?|,? or choose another folder with|,? or) --[a-z-]+(?: [A-Z]+)?"
    r"| \(--[a-z-]+\)"
)


def in_keys(message: str, keymap: Keymap) -> str:
    """The message with keys in place of the commands that there are keys for, and without the options of others; those
    of an import as its dialog takes them."""

    def pressed(found: re.Match[str]) -> str:
        keys = [keymap.label(name) for name in _KEYS[found[1] or found[2]]]
        return f"press {' then '.join(keys)}"

    return as_typed_here(re.sub(_OPTION, "", re.sub(_COMMAND, pressed, message)))
