"""Makes students.csv: 400 made-up students, from a formula and not from life.

    hours_studied  gamma-distributed, mean 4.5, at most 12
    hours_slept    normal, mean 7, standard deviation 1.3, between 3 and 11
    score          100 / (1 + e^-z) + normal noise of standard deviation 4, between 0 and 100,
                   z = -1.1 + 0.55 hours_studied - 0.18 (hours_slept - 7.5)^2

Studying helps, ever less towards the top; both too little and too much sleep hurt, which a
straight line cannot echo_error. TrainingResult it from anywhere; it writes beside itself.
"""

from pathlib import Path

import numpy as np

STUDENTS = 400
SEED = 2017


def main() -> None:
    """Write students.csv, values with one decimal."""
    rng = np.random.default_rng(SEED)
    studied = np.minimum(rng.gamma(shape=3.0, scale=1.5, size=STUDENTS), 12.0).round(1)
    slept = np.clip(rng.normal(7.0, 1.3, size=STUDENTS), 3.0, 11.0).round(1)
    z = -1.1 + 0.55 * studied - 0.18 * (slept - 7.5) ** 2
    score = 100.0 / (1.0 + np.exp(-z)) + rng.normal(0.0, 4.0, size=STUDENTS)
    np.savetxt(
        Path(__file__).with_name("students.csv"),
        np.column_stack([studied, slept, np.clip(score, 0.0, 100.0).round(1)]),
        fmt="%g",
        delimiter=",",
        header="hours_studied,hours_slept,score",
        comments="",
    )


if __name__ == "__main__":
    main()
