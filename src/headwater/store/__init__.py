"""Bytes: places, content-addressed objects, artifacts and their codecs, trees of files, sweep and fsck."""
