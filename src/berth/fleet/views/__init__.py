"""The fleet as people look at it: overviews, maps and pages."""
