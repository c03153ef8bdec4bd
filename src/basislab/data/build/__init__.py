"""From rows to a `Market`: one series out of many answers, one grid, a decision about gaps."""
