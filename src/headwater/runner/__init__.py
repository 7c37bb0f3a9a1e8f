"""Runs a flow from Python, a notebook or a test, and gives its `Run`."""
