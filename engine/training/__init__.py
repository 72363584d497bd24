"""Training: community packs or one's own sessions in, an immutable model folder with its index out."""
