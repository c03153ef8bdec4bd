"""Ask venues: pages of a window, what is believed, and a market brought up to date."""
