"""The processes that answer requests with a version of a service."""
