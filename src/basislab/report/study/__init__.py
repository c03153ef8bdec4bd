"""What several chapters share: the runs, facts that say their unit, market, hurdle, verdict."""
