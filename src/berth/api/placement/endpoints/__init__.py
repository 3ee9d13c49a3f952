"""What each operation does: a Call into a command or a question, and what comes of it into an Answer."""
