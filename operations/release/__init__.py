"""What the instances run: built on any machine, for the instances' system."""
