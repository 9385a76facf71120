"""The command `doctor`: check the requirements of a deployment."""
