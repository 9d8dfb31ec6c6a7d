"""What a run leaves to be looked at: figures, report, model card."""
