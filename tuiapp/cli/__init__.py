"""The commands, one module per topic. Each imports the engine inside its functions, so that `--version` loads
nothing."""
