"""Exports as single files: written, downloaded, unpacked, kept."""

MAX_MIB = 1024  # of a zip, and of what it unpacks to
