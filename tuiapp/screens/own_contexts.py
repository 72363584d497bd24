"""A person's own contexts, saved in the settings file from the Contexts view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import UsageError, sentence

if TYPE_CHECKING:
    from engine.playlists.contexts import Context, Settings
    from tuiapp.screens.dialogs import AskText
    from tuiapp.shell import Shell


def keys_of(shell: Shell, name: str) -> tuple[str, ...]:
    """The settings of a person's own context, or of a changed built-in one."""
    return tuple(key for key in shell.preferences.config.values if key.startswith(f"contexts.{name}."))


def keep(shell: Shell, title: str, context: Context, settings: Settings, dialog: AskText) -> str | None:
    """Save a context's settings under a title, and return its name; null if the dialog shows an error.

    Under its own title the context is changed, under another one a copy is made.
    """
    from engine.playlists.own_contexts import name_for, said_of

    name = name_for(title)
    if not name:
        dialog.refuse("Use a letter or a digit in the name.")
        return None
    said: dict[str, Any] = said_of(context, settings)
    if name == context.name:
        del said["like"]
    elif name in shell.preferences.config.contexts:
        dialog.refuse(f"There is a context {title} already. Choose another name.")
        return None
    else:
        said["title"] = title
    changes = {f"contexts.{name}.{field}": value for field, value in said.items()}
    try:
        shell.preferences.change_all(changes, f"the context {title}")
    except (ValueError, UsageError) as error:
        dialog.refuse(sentence(str(error)))
        return None
    return name


def remove(shell: Shell, context: Context) -> bool:
    """Remove a context from the settings, or reset a built-in one; false if nothing was set."""
    keys = keys_of(shell, context.name)
    if keys:
        shell.preferences.change_all(dict.fromkeys(keys), f"removing the context {context.title}")
    return bool(keys)
