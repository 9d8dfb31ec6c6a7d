"""Scores many images with the registered model, and writes the predictions as Parquet."""
