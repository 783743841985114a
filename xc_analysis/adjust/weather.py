"""Weather-normalised levels, 2013-03 to 2017-02: what a year would have been in average weather.

UCI 501 carries temperature, pressure, dew point, rain and wind beside the two stations' pollutants,
for these four years and no others; nothing can be normalised after them.

The model is one linear regression a station and pollutant, on days:

    ln c = level of the year + season + weather + rest

with the season a cyclic spline of the day of the year, the weather cubic B-splines of temperature,
dew point, pressure and wind speed, a wind sector and whether it rained (statsmodels OLS). The
weather-normalised level of a year is the model's mean with that year's level under the weather of
all the days of the record; beside it stands what the year's own weather made of it, and the mean
observed. The intervals come from resampling the residuals in blocks of 14 days, since one bad spell
lasts for days, and fitting anew.

What the season cannot tell apart from the level, such as a winter with less coal heat, stays in the
level, as it should. A change in the weather record itself goes there too, as it should not: until
2015-02-28 the two stations carry two different weather records, from 2015-03-01 on one and the same
(:func:`record_change`), so that levels on both sides of that day are not comparable beyond what the
choice with and without wind shows.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from .. import tables
from ..errors import InputError

POLLUTANTS = ("pm25", "no2")
#: Weather of the day that the model knows.
PREDICTORS = ("temp", "dewp", "pres", "wspm")
BLOCK = 14  # days
LAGS = 14  # days, of the trend's HAC covariance
MIN_DAYS = 330  # of a year that gets a level of its own
_SECTORS = {name: i // 4 for i, name in enumerate(
    ("NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW",
     "N")
)}  # fmt: skip


def formula(level: str, *, weather: bool = True, wind: bool = True) -> str:
    """Right-hand side of the model: level, season, and the weather with or without wind."""
    terms = [level, "cc(season, df=6, constraints='center')"]
    if weather:
        names = PREDICTORS if wind else PREDICTORS[:3]
        terms += [f"bs({name}, df=4)" for name in names]
        terms += ["rained", *(["C(sector)"] if wind else [])]
    return " + ".join(terms)


def days_with_weather(
    station: str, pollutant: str, *, data: str | os.PathLike | None = None
) -> pd.DataFrame:
    """Days with a valid concentration and the whole weather.

    Parameters
    ----------
    station : str
        One of ``air/weather_daily``.
    pollutant : str
        A column of ``air/station_daily``.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        date, log (ln of the concentration), `PREDICTORS`, sector (0 to 3, north-east first,
        clockwise), rained (0 or 1), season (day of the year / 365.25), time (years since the first
        day), weather_year (named by the year in which its March lies), year.

    Raises
    ------
    InputError
        If the station has no weather or no such concentration.
    """
    weather = tables.load("air/weather_daily", data=data)
    air = tables.load("air/station_daily", data=data)
    if pollutant not in air or station not in set(weather["station"]):
        known = ", ".join(sorted(weather["station"].unique()))
        raise InputError(
            f"{pollutant} at {station}: no days with weather; there is weather of {known or 'none'}"
        )
    frame = weather.merge(air[["date", "station", pollutant]], on=["date", "station"])
    frame = frame[frame["station"] == station].dropna(subset=[*PREDICTORS, "wd", "rain", pollutant])
    frame = frame[frame[pollutant] > 0].sort_values("date", ignore_index=True)
    if len(frame) < MIN_DAYS:
        raise InputError(f"{pollutant} at {station}: {len(frame)} days with weather are too few")
    date = frame["date"]
    return pd.DataFrame(
        {"date": date, "log": np.log(frame[pollutant]), **{p: frame[p] for p in PREDICTORS},
         "sector": frame["wd"].map(_SECTORS).astype(int), "rained": (frame["rain"] > 0).astype(int),
         "season": (date.dt.day_of_year - 1) / 365.25, "time": (date - date.min()).dt.days / 365.25,
         "weather_year": date.dt.year - (date.dt.month < 3), "year": date.dt.year}
    )  # fmt: skip


def normalise(
    pollutant: str,
    station: str,
    *,
    by: str = "weather_year",
    wind: bool = True,
    draws: int = 200,
    seed: int = 1,
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Levels of each year in the average weather of the record.

    Parameters
    ----------
    pollutant : {"pm25", "no2"}
        Any column of concentrations in ``air/station_daily``.
    station : str
        One of ``air/weather_daily``.
    by : {"weather_year", "year"}
        March to February, four whole ones; or calendar years, of which only those with at least 330
        days are shown.
    wind : bool
        Whether the model knows wind speed and sector, which depend most on where they are measured.
    draws : int
        Resamplings behind the intervals.
    seed : int
        Of the resampling.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        Index year; days, observed (mean, µg/m³), normalised, lower, upper (95 %), weather (per cent
        by which the year's weather raised the mean above what average weather would have made it),
        weather_low, weather_high, weather_record ("before", "after" or "across" the change of the
        weather record; "one" where it has none), r2 (of ln c, all years together).

    Raises
    ------
    InputError
        As :func:`days_with_weather`.

    Notes
    -----
    What the levels share of the residuals' skew cancels: means of the model are scaled by the ratio
    of observed to fitted mean of all days.
    """
    if by not in ("weather_year", "year"):
        raise InputError(f"by={by!r}: use 'weather_year' or 'year'")
    from statsmodels.formula.api import ols

    frame = days_with_weather(station, pollutant, data=data)
    model = ols("log ~ " + formula(f"0 + C({by})", wind=wind), frame)
    fit = model.fit()
    design = model.exog
    years = np.array(sorted(frame[by].unique()))
    level = design[:, : len(years)]
    fitted, residual = np.asarray(fit.fittedvalues), np.asarray(fit.resid)
    smear = np.exp(frame["log"]).mean() / np.exp(fitted).mean()
    # One solution serves every resampling: the days stay, only the residuals move.
    solve = np.asarray(model.pinv_wexog)

    def means(coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rest = np.exp(design[:, len(years) :] @ coefficients[len(years) :])
        scale = np.exp(coefficients[: len(years)]) * smear
        own = (level * rest[:, None]).sum(axis=0) / level.sum(axis=0)
        return scale * rest.mean(), own / rest.mean()

    normalised, weather = means(np.asarray(fit.params))
    rng = np.random.default_rng(seed)
    drawn = [means(solve @ (fitted + _blocks(residual, rng))) for _ in range(draws)]
    low, high = np.quantile([d[0] for d in drawn], [0.025, 0.975], axis=0)
    weather_ends = np.quantile([d[1] for d in drawn], [0.025, 0.975], axis=0)
    out = pd.DataFrame(
        {"days": level.sum(axis=0).astype(int),
         "observed": np.exp(frame["log"]).groupby(frame[by]).mean().to_numpy(),
         "normalised": normalised, "lower": low, "upper": high,
         "weather": 100 * (weather - 1), "weather_low": 100 * (weather_ends[0] - 1),
         "weather_high": 100 * (weather_ends[1] - 1)},
        index=pd.Index(years, name=by),
    )  # fmt: skip
    out["weather_record"] = _side(frame, by, record_change(data=data))
    return out.assign(r2=fit.rsquared)[out["days"] >= MIN_DAYS]


def trend(
    pollutant: str,
    station: str,
    *,
    weather: bool = True,
    wind: bool = True,
    data: str | os.PathLike | None = None,
) -> dict[str, float]:
    """Change per year of the record, season and, if asked, weather removed.

    Parameters
    ----------
    pollutant, station : str
        As :func:`normalise`.
    weather, wind : bool
        What the model knows besides the season.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    dict
        ``per_year``, ``low``, ``high`` (per cent a year, 95 %, HAC over 14 days), ``r2``, ``days``.
    """
    from statsmodels.formula.api import ols

    frame = days_with_weather(station, pollutant, data=data)
    fit = ols("log ~ " + formula("time", weather=weather, wind=wind), frame).fit(
        cov_type="HAC", cov_kwds={"maxlags": LAGS}
    )
    ends = [fit.params["time"], *fit.conf_int().loc["time"]]
    per_year, low, high = (100 * (np.exp(float(end)) - 1) for end in ends)
    return {"per_year": per_year, "low": low, "high": high, "r2": float(fit.rsquared),
            "days": len(frame)}  # fmt: skip


def record_change(*, data: str | os.PathLike | None = None) -> pd.Timestamp | None:
    """First day from which on all stations carry one and the same weather, if there is one.

    Parameters
    ----------
    data : path, optional
        Folder of the tables.

    Returns
    -------
    Timestamp or None
        None where the stations' weather never becomes the same, or always was.
    """
    weather = tables.load("air/weather_daily", data=data)
    by_day = weather.groupby("date")[list(PREDICTORS)]
    spread = by_day.max() - by_day.min()
    differs = spread.index[(spread > 0).any(axis=1)]
    after = spread.index[spread.index > differs.max()] if len(differs) else []
    return after[0] if len(after) else None


def _side(frame: pd.DataFrame, by: str, change) -> pd.Series:
    if change is None:
        return pd.Series("one", index=sorted(frame[by].unique()))
    late = (frame["date"] >= change).groupby(frame[by]).mean()
    return late.map(lambda share: {0.0: "before", 1.0: "after"}.get(share, "across"))


def _blocks(residual: np.ndarray, rng) -> np.ndarray:
    """Residuals resampled in blocks of consecutive days."""
    n = len(residual)
    starts = rng.integers(0, n - BLOCK + 1, size=-(-n // BLOCK))
    return residual[(starts[:, None] + np.arange(BLOCK)).ravel()[:n]]


def overview(
    pollutants=POLLUTANTS, *, data: str | os.PathLike | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """:func:`normalise` for every station with weather, with wind and without.

    Parameters
    ----------
    pollutants : iterable of str
        Columns of ``air/station_daily``.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    tuple of DataFrame
        The years of :func:`normalise` with pollutant, station and wind in front; and the trends with
        pollutant, station and model ("season", "season, weather without wind", "season, weather").
    """
    stations = sorted(tables.load("air/weather_daily", data=data)["station"].unique())
    years, trends = [], []
    models = {
        "season": (False, False), "season, weather without wind": (True, False),
        "season, weather": (True, True),
    }  # fmt: skip
    for pollutant in pollutants:
        for station in stations:
            key = {"pollutant": pollutant, "station": station}
            for wind in (True, False):
                found = normalise(pollutant, station, wind=wind, data=data).reset_index()
                years.append(found.assign(**key, wind=wind))
            for name, (weather, wind) in models.items():
                found = trend(pollutant, station, weather=weather, wind=wind, data=data)
                trends.append({**key, "model": name, **found})
    front = ["pollutant", "station", "wind"]
    both = pd.concat(years, ignore_index=True)
    return both[[*front, *(c for c in both if c not in front)]], pd.DataFrame(trends)


def beyond(
    years: pd.DataFrame, *, scope: str, year: int, data: str | os.PathLike | None = None
) -> pd.DataFrame:
    """A change that lies past the weather record, beside what weather did within it.

    Parameters
    ----------
    years : DataFrame
        The years of :func:`overview`.
    scope : str
        The district whose annual values change.
    year : int
        Its value is compared with the year before.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        One row per pollutant, station and choice of wind: change (of the district, per cent) and
        swing (the largest change, per cent up or down, that weather alone made from one year of the
        record to the next, within one weather record). A change beyond the swing is more than
        weather has done there; one within it may be weather. Neither says what it was.
    """
    from ..evidence import series

    rows = []
    for (pollutant, station, wind), part in years.groupby(["pollutant", "station", "wind"]):
        values = series(pollutant, scope=scope, source="station", data=data)["value"]
        made = 1 + part["weather"] / 100
        same = part["weather_record"] == part["weather_record"].shift()
        rows.append(
            {"pollutant": pollutant, "station": station, "wind": wind, "year": year,
             "change": 100 * (values[year] / values[year - 1] - 1),
             "swing": float(100 * (made / made.shift() - 1)[same].abs().max())}
        )  # fmt: skip
    return pd.DataFrame(rows)
