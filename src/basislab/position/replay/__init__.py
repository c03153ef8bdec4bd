"""What a live position earned against what the engine books for it on the same hours."""
