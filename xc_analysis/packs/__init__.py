"""A district's folder of tables: the project's own, a local one, a new one."""
