"""What runs on the instances. Knows nothing of the infrastructure that runs it."""
