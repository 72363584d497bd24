"""Recommendations with exact reasons, and related artists."""
