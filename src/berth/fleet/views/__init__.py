"""Views of the fleet for people: overviews, maps and pages."""
