"""The whole fleet in memory, in columns, for finding. No SQL here: rows come in, changes come in, answers go out."""
