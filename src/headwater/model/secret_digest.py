"""What is kept of a secret that lets somebody in."""

import hashlib


def secret_digest(secret: str | bytes) -> str:
    """Give its SHA-256, hexadecimal; enough, and without salt, for random secrets of 256 bits. Passwords need more."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()
