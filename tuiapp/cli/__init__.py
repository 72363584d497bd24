"""The commands, a module a theme. Each imports the engine inside its functions, so that `--version` loads nothing."""
