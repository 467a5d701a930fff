"""The version, where everything can read it without importing the package above it."""

__version__ = "0.1.0"
