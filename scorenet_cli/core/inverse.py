"""The inverse of a positive definite matrix, as a factor F with FᵀF = the inverse."""

from __future__ import annotations

import numpy as np

from scorenet_cli.core import Array

# Added in turn to the diagonal of the matrix, scaled to ones, until it can be inverted.
JITTERS = (0.0, 1e-12, 1e-9, 1e-6)
# Triangular blocks with halves of at least this size are split again.
MIN_HALF = 32


def inverse_factor(matrix: Array) -> tuple[Array, float]:
    """Return F with FᵀF = the inverse of a positive matrix, and the matrix's log determinant."""
    root = np.sqrt(np.maximum(matrix.diagonal(), 1e-150))
    scaled = matrix / np.outer(root, root)
    for jitter in JITTERS:
        scaled.flat[:: len(scaled) + 1] += jitter
        try:
            lower = np.linalg.cholesky(scaled)
        except np.linalg.LinAlgError:
            continue
        log_determinant = 2.0 * float(np.log(lower.diagonal() * root).sum())
        return _inverse_of_lower(lower) / root, log_determinant
    values, vectors = np.linalg.eigh(scaled)  # not positive definite: an overflow occurred
    values = np.maximum(values, JITTERS[-1])
    log_determinant = float(np.log(values).sum() + 2.0 * np.log(root).sum())
    return (vectors / np.sqrt(values)).T / root, log_determinant


def _inverse_of_lower(matrix: Array) -> Array:
    """Invert a lower triangular matrix, by halves: a third of the work of np.linalg.inv."""
    half = len(matrix) // 2
    if half < MIN_HALF:
        return np.asarray(np.linalg.inv(matrix))
    inverse = np.zeros_like(matrix)
    inverse[:half, :half] = first = _inverse_of_lower(matrix[:half, :half])
    inverse[half:, half:] = last = _inverse_of_lower(matrix[half:, half:])
    inverse[half:, :half] = -last @ (matrix[half:, :half] @ first)
    return inverse
