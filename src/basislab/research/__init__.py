"""What a single run cannot show: entry days, break-even, and later sweeps and bootstraps."""
