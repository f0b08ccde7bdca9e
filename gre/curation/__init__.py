"""Makes data sets: seeds from photos with positions, a teacher's chains, splits, leak checks."""
