"""Simulated annual series: four shapes of decline, and four that no method here was made for."""

from __future__ import annotations

import numpy as np

SHAPES = ("linear", "exponential", "floor", "noisy")
STRESS = ("walk", "break", "local trend", "rise")


def simulate(shape, size, *, n=6, horizon=5, seed=0):
    """Simulate series of one shape: fitted part (size, n) and outturn (size, horizon).

    linear: -2 to -6 % of the first level a year, 4 % noise; exponential: -4 to -18 % a year,
    6 %; floor: decay at rate 0.3-0.9 to 35-70 % of the level, 5 %; noisy: -3 to +1 % a year,
    15 %. Stress: walk: random walk on logarithms, drift -8 to 0 %, steps of 8 %; break: a rate
    of -2 to +1 % a year turns to -15 to -5 %, or the other way round, in any year from the third
    on, 5 %; local trend: the rate itself wanders by 2 points a year from -8 to 0 %, 4 %; rise:
    +1 to +6 % a year, 6 %. Levels 40 to 100, noise multiplicative and lognormal, the outturn
    as noisy as the observations.
    """
    rng = np.random.default_rng([seed, (SHAPES + STRESS).index(shape)])
    total = n + horizon
    t = np.arange(total)
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
    elif shape == "walk":
        steps = draw(-0.08, 0.0) + 0.08 * rng.standard_normal((size, total))
        mean, noise = np.exp(np.cumsum(steps, axis=1)), 0.0
    elif shape == "break":
        slow, fast = draw(-0.02, 0.01), draw(-0.15, -0.05)
        first = np.where(draw(0, 1) < 0.5, slow, fast)
        turn = rng.integers(2, total, (size, 1))
        rates = np.where(t < turn, first, slow + fast - first)
        mean, noise = np.exp(np.cumsum(np.log1p(rates), axis=1)), 0.05
    elif shape == "local trend":
        rate = draw(-0.08, 0.0) + np.cumsum(0.02 * rng.standard_normal((size, total)), axis=1)
        mean, noise = np.exp(np.cumsum(rate, axis=1)), 0.04
    elif shape == "rise":
        mean, noise = (1 + draw(0.01, 0.06)) ** t, 0.06
    else:
        raise ValueError(f"shape {shape!r} is unknown; use one of {', '.join(SHAPES + STRESS)}")
    y = level * mean * np.exp(noise * rng.standard_normal((size, total)))
    return y[:, :n], y[:, n:]
