"""Community data: packs of what other listeners play, and of what tracks sound like."""
