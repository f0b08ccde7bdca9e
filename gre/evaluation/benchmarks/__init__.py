"""Which photos are asked about, where they were taken, and which set that is."""
