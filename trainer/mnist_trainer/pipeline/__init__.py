"""The stages of a training in order, from the data to the promoted version."""
