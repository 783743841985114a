"""Figures by subject, on an axes; reads no file."""
