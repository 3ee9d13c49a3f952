"""The files in deploy/, tried as far as that can be done without the things that they are for."""
