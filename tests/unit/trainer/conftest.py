"""The settings of MLflow and TensorFlow, before any test imports them."""

import os

from mnist_trainer import library_logging

library_logging.configure(os.environ)
