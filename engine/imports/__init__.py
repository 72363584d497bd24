"""Importers: one module per service, recognized by content."""
