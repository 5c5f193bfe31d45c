from __future__ import annotations

import numpy as np
import pytest

from scorenet_cli.core.inverse import inverse_factor


@pytest.mark.parametrize("size", [1, 5, 63, 64, 150])
def test_a_factor_of_the_inverse_and_the_determinant(size: int) -> None:
    rng = np.random.default_rng(size)
    half = rng.standard_normal((size, size)) * 10.0 ** rng.integers(-3, 4, (size, 1))
    matrix = half @ half.T + np.diag(np.diag(half @ half.T))
    factor, log_determinant = inverse_factor(matrix)
    np.testing.assert_allclose(matrix @ factor.T @ factor, np.eye(size), atol=1e-7)
    assert log_determinant == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-9)


def test_a_singular_matrix_is_inverted_next_to_itself() -> None:
    factor, log_determinant = inverse_factor(np.ones((3, 3)))
    # The least addition to the diagonal is 1e-12; the eigenvalues are 3 and twice 1e-12.
    assert log_determinant == pytest.approx(np.log(3) + 2 * np.log(1e-12), abs=0.01)
    assert np.isfinite(factor).all()
    np.testing.assert_allclose(np.ones(3) @ factor.T @ factor @ np.ones(3), 1, rtol=1e-3)


def test_the_addition_to_a_small_singular_matrix_is_small() -> None:
    factor, log_determinant = inverse_factor(np.full((2, 2), 1e-20))
    assert np.ones(2) @ factor.T @ factor @ np.ones(2) == pytest.approx(1e20, rel=1e-3)
    assert log_determinant == pytest.approx(np.log(2e-20) + np.log(1e-32), abs=0.01)


def test_of_a_matrix_that_is_not_positive_what_is_positive_is_inverted() -> None:
    factor, log_determinant = inverse_factor(np.array([[4.0, 8.0], [8.0, 4.0]]))  # 12 and -4
    along, across = np.array([1.0, 1.0]), np.array([1.0, -1.0])
    assert along @ factor.T @ factor @ along == pytest.approx(2 / 12, rel=1e-5)
    assert across @ factor.T @ factor @ across == pytest.approx(2 / 4e-6, rel=1e-5)
    assert log_determinant == pytest.approx(np.log(12 * 4e-6), rel=1e-5)
