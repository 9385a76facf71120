"""Tools for contributors: test lanes, package lock, generated pages."""
