"""The numerical core: NamedTuples in, NamedTuples out, numpy and numba only.

Every model file exposes the same five names: ``Params``, ``State``, ``open_position``, ``step``,
``run``. They share the moves of `legs`, `ledger` and `events`, not a base class. ``step`` is given
one bar and the state, never the arrays of the market, so it cannot look ahead.

Kernels are undecorated functions; the last line of every file hands the module to
`_jit.compile_module`, the one place that configures numba. ``NUMBA_DISABLE_JIT=1`` runs the same
source as plain Python, with identical bits.
"""
