"""Locked package sets per step: resolved and built with uv, cached by digest, rebuilt offline from kept wheels."""
