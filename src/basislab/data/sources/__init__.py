"""What venues answer, one file each with a pure `parse`, and the one HTTP client."""
