"""JSON representations of the API."""
