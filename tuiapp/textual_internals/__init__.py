"""Every use of Textual's private names, each with its reason: to be checked first when its version changes.

Textual is pinned exactly in pyproject.toml for this. Nothing else uses a name of its that begins with an underscore.
"""
