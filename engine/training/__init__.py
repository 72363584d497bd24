"""Training: from community packs or one's own sessions to an immutable model folder with its index."""
