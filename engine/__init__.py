"""The engine: histories in, recommendations out. It knows nothing of the terminal (see pyproject's contracts)."""

__version__ = "0.1.0"
