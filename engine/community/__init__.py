"""Community data: packs of other listeners' plays, and of track features."""
