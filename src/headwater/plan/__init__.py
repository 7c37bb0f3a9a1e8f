"""The planner: facts in, commands out; no clock, no I/O, no randomness."""
