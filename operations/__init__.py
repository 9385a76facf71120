"""The operator's commands: what `./anb` runs."""
