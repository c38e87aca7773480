# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook of hatchling: compiles the C core and puts it into the wheel or beside the editable
sources."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CoreBuildHook(BuildHookInterface):
    """Adds `endplate/_core` to a wheel; does nothing for an sdist, which carries the C sources."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles before hatchling collects the files."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        spec = importlib.util.spec_from_file_location(
            "endplate_ffi", root / "host" / "build" / "ffi.py"
        )
        ffi = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(ffi)
        made = ffi.build(root / "host" / "endplate")
        build_data["artifacts"].append(str(made.relative_to(root)))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
