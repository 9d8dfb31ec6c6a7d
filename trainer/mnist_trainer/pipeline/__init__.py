"""The stages of a training in their order, from the model's definition to the alias."""
