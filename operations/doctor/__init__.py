"""The command `doctor`: what a deployment needs, and whether it is there."""
