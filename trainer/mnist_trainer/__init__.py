"""Trains a model on handwritten digits, registers it and decides whether it is promoted."""
