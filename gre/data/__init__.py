"""Records, images and datasets: files on disk to typed values."""
