"""The version, where everything can read it without importing the package above it."""

__version__ = "0.2.0"
RELEASED = "2026-11-29"
"""The day of this version, as CHANGELOG.md and CITATION.cff have it."""
