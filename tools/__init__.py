"""What contributors run: test lanes, lock, generated pages, drawings."""
