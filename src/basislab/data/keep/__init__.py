"""What lies on disk: stored markets, the venues' answers, and how both stay whole."""
