"""The demo app: photos in a browser, reasoning as it is written, a map without the web, a game."""
