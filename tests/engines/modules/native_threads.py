"""Starts a thread that Python knows nothing of, as compiled libraries do."""

import ctypes

_libc = ctypes.CDLL(None)
_identity = ctypes.c_ulong()
_libc.pthread_create(ctypes.byref(_identity), None, _libc.pause, None)
