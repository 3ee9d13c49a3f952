"""The truth: tables in a database, and every statement that reads or writes them. Nothing else speaks SQL."""
