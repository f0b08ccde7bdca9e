"""Every sample asked once: draws, growing answer files, several processes, the run's folder."""
