"""The explorer: state, views and the page."""
