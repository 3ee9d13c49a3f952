"""Tests of the documents: their commands are run, their examples executed, their references complete."""
