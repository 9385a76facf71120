"""The command `deploy`: plan, ask, apply, wait, tell."""
