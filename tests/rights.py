"""A folder that may not be written, also where the tests run as root, who may write everywhere."""

import os
import shutil
import sys

import pytest

OBEYING_RIGHTS = (
    ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
    if os.name == "posix" and not os.getuid()
    else ()
)
"""What goes before a command, so that it may write only where the modes of files allow it."""

needs_rights = pytest.mark.skipif(
    sys.platform == "win32" or bool(OBEYING_RIGHTS and not shutil.which("setpriv")),
    reason="this system lets no one give up the rights of root",
)
