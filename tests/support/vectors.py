"""Made-up factors to index."""

from __future__ import annotations

import numpy as np


def clustered(items: int, factors: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Factors as training leaves them: directions in clusters, heavy-tailed norms, one far outlier."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(2, items // 60), factors))
    vectors = centres[rng.integers(len(centres), size=items)] + 0.4 * rng.normal(size=(items, factors))
    vectors *= rng.lognormal(sigma=1.0, size=(items, 1)) / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[items // 2] *= 200.0 / np.linalg.norm(vectors[items // 2])
    queries = centres[rng.integers(len(centres), size=60)] + 0.4 * rng.normal(size=(60, factors))
    return vectors.astype(np.float32), queries.astype(np.float32)
