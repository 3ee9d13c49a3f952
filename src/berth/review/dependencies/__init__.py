"""Dependencies and the runtime: published advisories, and what is supported no longer."""
