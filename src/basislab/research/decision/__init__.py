"""A choice made on the past by a stated criterion, lived forward, and turned into a word."""
