"""The commands of `./anb`."""
