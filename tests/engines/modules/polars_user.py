import polars  # noqa: F401
