"""Nearest items on disk: Annoy trees and an exact scan, each measured against the truth."""
