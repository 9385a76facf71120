"""Programs that run on the instances. Independent of the infrastructure that runs them."""
