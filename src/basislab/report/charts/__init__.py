"""Chart shapes that page, notebook and dashboard share; nothing here knows a chapter."""
