"""The files that `dlkit plugin new` writes, as `string.Template` texts (`$package`, …)."""
