"""What each route does: from a call to the value that its reply holds, or to a command."""
