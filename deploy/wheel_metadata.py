"""Hatchling's hook: the wheel depends on what requirements.txt pins."""

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Requirements(MetadataHookInterface):
    """Take the dependencies from the requirements files of the checkout."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the dependencies; requirements-x.txt becomes the extra x, except the developers' one."""
        root = Path(self.root)
        metadata["dependencies"] = pins(root / "requirements.txt")
        metadata["optional-dependencies"] = {
            name: pins(file)
            for file in sorted(root.glob("requirements-*.txt"))
            if (name := file.stem.removeprefix("requirements-")) != "dev"
        }


def pins(file: Path) -> list[str]:
    """Return the lines of a requirements file without comments and options."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] not in "#-"]
