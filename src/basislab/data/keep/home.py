"""Where everything that is kept lies."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Return the directory of basislab's own files.

    Returns
    -------
    Path
        ``$BASISLAB_HOME`` where that is set, else the platform's place for user data.
    """
    chosen = os.environ.get("BASISLAB_HOME")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path

    return user_data_path("basislab")
