"""Tables of points that people really have: CSV, TSV, JSON, with whatever column names."""
