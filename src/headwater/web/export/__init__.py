"""A run as one file of HTML."""
