"""What the columns of the subsidy side are made of."""

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]  # fen, ppm, days, keys
Positions = npt.NDArray[np.intp]  # places in another column
Flags = npt.NDArray[np.bool_]
