"""Networks, endpoints, flow logs and security groups."""
