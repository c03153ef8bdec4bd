"""From files to markets: venue answers, facts tables, mappings of several files, the sample."""
