"""Quick counts: project an election from a probability sample of polling stations."""

__version__ = "0.1.0"
