"""What of MLflow's server may be asked for, and by which pages: see protocol.py."""
