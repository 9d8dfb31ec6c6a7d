"""What each corruption takes, besides random numbers, and returns."""

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]  # [n, 28, 28], 0 to 1
Random = np.random.Generator
