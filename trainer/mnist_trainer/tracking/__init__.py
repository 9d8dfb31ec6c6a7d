"""MLflow: the run, the registered model, the tracking server's health."""
