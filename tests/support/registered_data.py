"""What the registry has of the model, to compare before and after a restore."""

from mlflow import MlflowClient


def read_registered(registry: MlflowClient) -> tuple[dict[str, str], object]:
    """Return the model's tags, which have the history; its aliases, versions and runs."""
    model = registry.get_registered_model("mnist-classifier")
    versions = registry.search_model_versions()
    runs = [registry.get_run(version.run_id).to_dictionary() for version in versions]
    overwritten = (".seen", ".moving")  # of the history, while somebody looks
    tags = {key: value for key, value in model.tags.items() if not key.endswith(overwritten)}
    return tags, (model.aliases, [dict(version) for version in versions], runs)
