"""The endpoints of the routes: from a Call to the value of its reply, or to a command."""
