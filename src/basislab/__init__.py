"""basislab: research and risk lab for delta-neutral carry trades."""
