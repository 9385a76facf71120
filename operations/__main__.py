"""Entry point of `./anb COMMAND`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, MutableMapping

import click

MODULES = {
    "up": "operations.local.commands:up",
    "status": "operations.deployed.commands:status",
    "logs": "operations.deployed.commands:logs",
    "open": "operations.deployed.open_site:open_site",
    "down": "operations.local.commands:down",
    "moderator": "operations.local.commands:moderator",
    "queue": "operations.queue.command:queue",
    "release": "operations.release.command:release",
    "doctor": "operations.doctor.command:doctor",
    "deploy": "operations.deploy.command:deploy",
    "rollback": "operations.deployed.rollback:rollback",
    "scale": "operations.deployed.scaling:scale",
    "destroy": "operations.destroy.command:destroy",
    "simulate": "operations.simulate.command:simulate",
    "test": "tools.testing.command:run_tests",
    "bench": "benchmarks.command:bench",
    "docs": "tools.docs:docs",
}
"""Module and attribute of each command."""


class LazyCommands(MutableMapping[str, click.Command]):
    """Commands by name, imported on first use because most need libraries that the others do not."""

    def __init__(self) -> None:
        self._modules = dict(MODULES)
        self._imported: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._imported:
            module, _, attribute = self._modules[name].partition(":")
            self._imported[name] = getattr(importlib.import_module(module), attribute)
        return self._imported[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._modules.setdefault(name, "")
        self._imported[name] = command

    def __delitem__(self, name: str) -> None:
        del self._modules[name]
        self._imported.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


@click.group(
    commands=LazyCommands(), context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def anb() -> None:
    """ANB Rising Stars: players upload videos, the public votes, cities are ranked.

    Start with: ./anb up --demo
    """


if __name__ == "__main__":
    anb(prog_name="anb")
