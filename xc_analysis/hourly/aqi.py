"""The air quality index of a day (HJ 633-2012): the largest sub-index, each rounded up.

HJ 633-2026 changed the breakpoints from March 2026: these are the earlier ones.
"""

import numpy as np
import pandas as pd

INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
#: Upper ends of 24 h means (O3: largest 8 h mean), µg/m³, CO mg/m³. O3 ends at 800: above it the
#: index of the 1-hour value holds by convention, 300.
BREAKPOINTS = {
    "pm25": (0, 35, 75, 115, 150, 250, 350, 500),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620),
    "no2": (0, 40, 80, 180, 280, 565, 750, 940),
    "co": (0, 2, 4, 14, 24, 36, 48, 60),
    "o3_8h": (0, 100, 160, 215, 265, 800),
}


def round_printed(values, pollutant: str) -> np.ndarray:
    """Round to the printed precision (whole µg/m³; CO to 0.1 mg/m³), half to even."""
    scale = 10.0 if pollutant == "co" else 1.0
    # the sixth digit first: 34.5 stays 34.5 in whatever order its hours were added
    return np.rint(np.round(np.asarray(values, float) * scale, 6)) / scale


def sub_index(values, pollutant: str) -> np.ndarray:
    """Compute the sub-index (IAQI) of daily values; NaN where there is none."""
    ends = BREAKPOINTS[pollutant]
    rounded = round_printed(values, pollutant)
    line = np.interp(rounded, ends, INDEX[: len(ends)])
    # a whole index may come out a hair above itself
    return np.where(np.isnan(rounded), np.nan, np.ceil(np.round(line, 6)))


def with_aqi(days: pd.DataFrame) -> pd.DataFrame:
    """Add ``aqi``, ``primary`` and ``known_exceedance`` to a table of days."""
    parts = np.column_stack([sub_index(days[p], p) for p in BREAKPOINTS])
    top = np.where(np.isnan(parts), -1.0, parts).max(axis=1)
    # a day without PM2.5 or O3 has no index, unless another alone is above 100: it has that index
    whole = (days["pm25"].notna() & days["o3_8h"].notna()).to_numpy(bool)
    exceeds = ~whole & (top > 100)
    top = np.where(whole | exceeds, top, np.nan)
    # above 50, the pollutants whose sub-index is the index
    is_primary = (parts == top[:, None]) & (top > 50)[:, None]
    code, place = np.unique(is_primary @ (1 << np.arange(len(BREAKPOINTS))), return_inverse=True)
    names = ["+".join(p for k, p in enumerate(BREAKPOINTS) if c >> k & 1) or None for c in code]
    out = days.copy()
    out["aqi"] = pd.array(top, dtype="Float64").astype("Int64")
    out["primary"] = np.array(names, dtype=object)[place]
    out["known_exceedance"] = exceeds
    return out
