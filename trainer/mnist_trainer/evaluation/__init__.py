"""Metrics of a model on images it was not trained on, and the gate."""
