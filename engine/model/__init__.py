"""Implicit-feedback ALS: fitting, folding in, explaining."""
