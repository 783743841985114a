"""Pages by theme: what the notebooks of a theme call."""
