"""A decision for people: six points, two small tables, two figures."""
