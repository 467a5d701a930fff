"""Make: from declared sources to a set on disk."""
