"""Build releases for the instances, on any machine."""
