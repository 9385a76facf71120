"""ANB on AWS: one stack a file, built from ``constructs_lib``."""
