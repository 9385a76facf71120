"""Instance groups, user data, lifecycle, releases, roles and web services."""
