"""The study's chapter on the venue engine: the same positions by the venues' own rules."""
