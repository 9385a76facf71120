"""The command `simulate`: what a load does to the workers, before anything is deployed; see docs/capacity.md."""
