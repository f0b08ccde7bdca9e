"""`gre rollouts`: what a model wrote while rewards trained it."""
