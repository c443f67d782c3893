"""The scores that a model's answer holds, each the higher the less a pixel should be trusted."""

import numpy as np

_ROWS = 16


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """float32 (H, W) in nats, 0 to log(outputs), of float32 (H, W, outputs) that sum to 1."""
    result = np.empty(probabilities.shape[:2], np.float32)
    # A few rows at a time stay in the cache: less than half of the time.
    for start in range(0, len(probabilities), _ROWS):
        rows = probabilities[start : start + _ROWS]
        # 0 log 0 is 0: the smallest normal number keeps the logarithm finite.
        logarithms = np.log(np.maximum(rows, np.finfo(np.float32).tiny))
        sums = np.einsum("hwc,hwc->hw", rows, logarithms)
        np.maximum(-sums, 0.0, out=result[start : start + _ROWS])
    return result


def uncertainty_scores(
    *,
    confidence: np.ndarray,
    uncertainty: np.ndarray,
    variance: np.ndarray | None = None,
    probabilities: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Scores by name, float32 (H, W) >= 0. variance: or None. probabilities: (H, W, outputs), or
    None: no entropy."""
    scores = {"uncertainty": uncertainty, "1 - confidence": np.maximum(1 - confidence, 0)}
    if variance is not None:
        scores["variance"] = variance
    if probabilities is not None:
        scores["entropy"] = entropy(probabilities)
    return scores


def unknown_scores(
    probabilities: np.ndarray | None, *, background_id: int | None
) -> dict[str, np.ndarray]:
    """What may point at unknown things alone: to answer "unlabelled" is no error there."""
    if probabilities is None or background_id is None:
        return {}
    return {"p(background)": probabilities[..., background_id]}
