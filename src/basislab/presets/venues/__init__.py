"""Presets of the venue engine: one TOML file a venue, protocol or route."""
