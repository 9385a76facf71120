"""What every construct is built on: the CDKTF seam, stacks, checks, names, IAM policies, waivers."""
