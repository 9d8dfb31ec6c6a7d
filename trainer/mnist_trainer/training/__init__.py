"""The model, and how it is trained and calibrated."""
