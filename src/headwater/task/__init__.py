"""Runs one attempt of a task: lazy inputs, the user's step, its outputs, one outcome."""
