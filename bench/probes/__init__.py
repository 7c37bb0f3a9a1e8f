"""What the machine can do at best: a few lines each, no framework."""
