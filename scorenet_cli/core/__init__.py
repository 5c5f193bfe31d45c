"""The NumPy core: no files, no terminal, no names of columns."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
