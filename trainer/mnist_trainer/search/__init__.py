"""Hyperparameter search with Optuna: a study of short trials, shared by several processes."""
