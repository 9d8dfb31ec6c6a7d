"""The signature that a registered model promises: pixels of digits in, probabilities out."""

import numpy as np
from numpy.typing import NDArray

PIXELS = 784  # 28 rows of 28, row by row
CLASSES = 10  # the digits 0 to 9
MAX_BYTE = 255  # a pixel as uint8 is divided by this to be in 0 to 1

Images = NDArray[np.uint8] | NDArray[np.float32]  # [n, 784], 0 to 255 or 0 to 1
