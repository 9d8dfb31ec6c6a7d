"""Metrics of a model, and the gate that compares two models."""
