"""Short series: ranks, models, fits, and what a projection is made of."""
