"""Targets, verdicts and their record: scorecard, hindcast, sensitivity, review."""
