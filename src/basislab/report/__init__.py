"""Numbers to people: facts computed once, tables and words derived from them."""
