"""How much of an optimum is luck: pure statistics on arrays, and the certificate they add up to.

Every return is an excess over the hurdle. `certificate` puts the statistics together; each other
module is one statistic, with its equations and sources in docs/certificate.md.
"""
