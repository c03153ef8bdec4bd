"""Watching a held position: poll, judge, tell. Pure rules in `judge`, the world at the edges."""
