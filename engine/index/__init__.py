"""Nearest items on disk: Annoy trees and an exact scan, each measured against the truth."""

from engine.index.build import build_index
from engine.index.index import Index, open_index
from engine.index.manifest import Figures, IndexManifest

__all__ = ["Figures", "Index", "IndexManifest", "build_index", "open_index"]
