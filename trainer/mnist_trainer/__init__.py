"""Trains a dense network on handwritten digits, registers it and decides whether it goes live."""
