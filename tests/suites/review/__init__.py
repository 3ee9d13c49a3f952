"""`berth review` as a whole: its rules on code made for them, and on whole projects."""
