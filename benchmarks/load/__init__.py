"""Load benchmark of the portal: a contest's data, many clients, and the limits of the same machine."""
