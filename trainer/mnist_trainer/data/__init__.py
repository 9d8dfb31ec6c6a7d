"""Data sets: formats, validation, split."""
