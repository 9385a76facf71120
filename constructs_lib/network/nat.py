"""NAT options of a network. Needs no framework."""

from __future__ import annotations

from typing import Literal

Nat = Literal["none", "single", "per_zone"]
