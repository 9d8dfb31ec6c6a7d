"""What a run leaves for people: plots, HTML report, model card."""
