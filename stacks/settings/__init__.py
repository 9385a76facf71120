"""Settings: the model, its rules and the loader of environments/*.toml."""
