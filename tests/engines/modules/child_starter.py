"""Starts a program while it is imported, as some libraries do."""

import subprocess

HELPER = subprocess.Popen(["sleep", "600"])
