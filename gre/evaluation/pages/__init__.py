"""What every page shares: one offline file, the world map, small photos, exports."""
