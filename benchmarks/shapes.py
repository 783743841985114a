"""Simulated annual series of four shapes, as declines of pollution go."""

from __future__ import annotations

import numpy as np

SHAPES = ("linear", "exponential", "floor", "noisy")


def simulate(shape, size, *, n=6, horizon=5, seed=0):
    """Series of one shape: fitted part (size, n) and outturn (size, horizon).

    linear: -2 to -6 % of the first level a year, 4 % noise; exponential: -4 to -18 % a year,
    6 %; floor: decay at rate 0.3-0.9 to 35-70 % of the level, 5 %; noisy: -3 to +1 % a year,
    15 %. Levels 40 to 100, noise multiplicative and lognormal, outturn with noise like the
    observations.
    """
    rng = np.random.default_rng([seed, SHAPES.index(shape)])
    t = np.arange(n + horizon)
    level = rng.uniform(40, 100, (size, 1))

    def draw(low, high):
        return rng.uniform(low, high, (size, 1))

    if shape == "linear":
        mean, noise = 1 + draw(-0.06, -0.02) * t, 0.04
    elif shape == "exponential":
        mean, noise = (1 + draw(-0.18, -0.04)) ** t, 0.06
    elif shape == "floor":
        floor = draw(0.35, 0.70)
        mean, noise = floor + (1 - floor) * np.exp(-draw(0.3, 0.9) * t), 0.05
    elif shape == "noisy":
        mean, noise = (1 + draw(-0.03, 0.01)) ** t, 0.15
    else:
        raise ValueError(f"shape {shape!r} is unknown; use one of {', '.join(SHAPES)}")
    y = level * mean * np.exp(noise * rng.standard_normal(mean.shape))
    return y[:, :n], y[:, n:]
