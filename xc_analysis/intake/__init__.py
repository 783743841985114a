"""Numbers from people: cells, files to import, gaps, returned reviews."""
