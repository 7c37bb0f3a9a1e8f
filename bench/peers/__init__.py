"""The same work, written for each peer; each file runs in that peer's own environment."""
