"""The command `destroy`: what is lost, a backup, and what remains."""
