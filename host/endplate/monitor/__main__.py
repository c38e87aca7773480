# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m endplate.monitor --session DIR`."""

import sys

from endplate.monitor.app import main

sys.exit(main())
