"""The dashboard: the files that are served, and what they do in a real browser (chromium, driven by Playwright)."""
