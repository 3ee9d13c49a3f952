"""What is known of libraries, as TOML: entries, sinks and sanitizers."""
