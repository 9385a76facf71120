"""Framework seam, stacks, checks, names, IAM policies and waivers: the base of every construct."""
