"""The endpoints of the operations: from a Call to an Answer, or to a command and how its result is answered."""
