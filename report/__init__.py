"""The lab report of the promoted version's run."""
