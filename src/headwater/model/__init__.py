"""Plain data, the three ports, and errors; imports nothing of ours and does no I/O."""
