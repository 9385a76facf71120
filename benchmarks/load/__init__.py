"""Load on the portal: a contest's worth of data, clients in numbers, and what the same machine does at most."""
