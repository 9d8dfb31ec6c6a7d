"""Looks for better settings: a study of short trials, which several searchers may share."""
