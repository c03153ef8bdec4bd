"""A study on a screen, as Markdown, a page, paper and files; nothing here knows a chapter."""
