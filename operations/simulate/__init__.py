"""The command `simulate`: simulate the workers' scaling before a deployment; see docs/capacity.md."""
