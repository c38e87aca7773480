# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m endplate` is the command `endplate`."""

import sys

from endplate.cli import main

sys.exit(main())
