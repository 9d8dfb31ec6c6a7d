"""Filters of requests to MLflow, by path and by origin: see protocol.py."""
