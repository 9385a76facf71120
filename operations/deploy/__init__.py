"""The command `deploy`: plan, confirm, apply, wait, print a summary."""
