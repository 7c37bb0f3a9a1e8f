"""The HTTP API, the live streams and the pages, over what the rooms below know."""
