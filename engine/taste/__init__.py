"""The gate: the only way from listens to what a model sees."""
