"""Headwater: from an idea in plain Python to a model in production."""
