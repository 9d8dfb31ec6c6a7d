"""The tracking server: runs, registered model, health."""
