"""JSON response types of the API; the OpenAPI document describes them."""
