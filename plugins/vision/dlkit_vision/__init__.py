"""Image architectures for dlkit; `dlkit.toml` beside this file says which."""
