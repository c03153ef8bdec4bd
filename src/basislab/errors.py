"""The one tree of errors: every message says what, where, what was found, and what to do.

::

    BasisLabError
    |-- DataError            input that cannot be trusted
    |   |-- DataGapError     a rate or price that should be there is missing
    |   `-- SourceError      a payload or file that cannot be read as what it claims to be
    |-- ConfigError          a parameter outside its range, an unknown name
    |-- ClusterError         the machines that ran a job cannot be reached, or died
    `-- LedgerError          the books do not explain the change of equity (a bug, never an input)

A liquidation is an event in a result, not an exception.
"""


class BasisLabError(Exception):
    """Root of all errors that basislab raises on purpose."""


class DataError(BasisLabError):
    """Market data that is inconsistent, absurd or of the wrong shape."""


class DataGapError(DataError):
    """A value is missing where the model needs one; a missing rate is never zero."""


class SourceError(DataError):
    """A payload or file cannot be read as what it claims to be."""


class ConfigError(BasisLabError):
    """A configuration field is unknown, of the wrong type or outside its allowed range."""


class ClusterError(BasisLabError):
    """The scheduler of a cluster is gone, or its workers died."""


class LedgerError(BasisLabError):
    """The sum of the accounts differs from the change of equity."""
