"""scorenet: a small feed-forward network for the terminal, with every number in sight."""

__version__ = "0.1.0"
