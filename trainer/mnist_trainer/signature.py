"""The registered model's signature: float32 [n, 784] of 0 to 1 → float32 [n, 10], probabilities."""

SIDE = 28  # pixels of an image, in width and in height
PIXELS = SIDE * SIDE
CLASSES = 10
