"""Hourly records: reading them, the national rules, and the tables computed from them."""
