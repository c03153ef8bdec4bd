"""The certificate for people: facts, sentences, tables, figures, a page and a study's chapter."""
