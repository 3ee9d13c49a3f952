"""The documents, held to what is: their commands are run, their examples executed, their references complete."""
