"""Bring up the loopback of a fresh network namespace, then run the command given; private Ray folder and token."""

import fcntl
import os
import secrets
import socket
import struct
import sys
import tempfile

SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", IFF_UP, b""))
# A Unix socket's path may have 107 characters: not below the checkout.
folder = tempfile.mkdtemp(prefix="ray-")
token = os.path.join(folder, "token")
with open(os.open(token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
    file.write(secrets.token_hex(32))
os.environ.update(RAY_TMPDIR=folder, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=token)
child = os.spawnvp(os.P_WAIT, sys.argv[1], sys.argv[1:])
for root, folders, files in os.walk(folder, topdown=False):
    for name in files:
        os.unlink(os.path.join(root, name))
    for name in folders:
        path = os.path.join(root, name)
        os.unlink(path) if os.path.islink(path) else os.rmdir(path)
os.rmdir(folder)
sys.exit(child)
