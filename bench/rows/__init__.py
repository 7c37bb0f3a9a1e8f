"""One file per row of the table; `measure(session)` gives the row."""
