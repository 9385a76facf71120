"""A real Debian 13 that boots what was deployed: containers, a network without a way out, an EC2 around them."""
